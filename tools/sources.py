"""What the checks of this folder share: finding source files and looking at C++ without its comments and strings."""

import os
import re

SKIPPED_FOLDERS = {".git", "build", "var", "node_modules", "__pycache__", "third_party"}

_CPP_TOKEN = re.compile(
    r"""//(?:\\\n|[^\n])*             # line comment
      | /\*.*?\*/                     # block comment
      | R"([^\s()\\]{0,16})\(.*?\)\1" # raw string
      | "(?:\\.|[^"\\\n])*"           # string
      | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'  # character, not a digit separator
    """,
    re.VERBOSE | re.DOTALL,
)


def find(root, suffixes, folders=(".",)):
    """Paths below the folders, relative to root, sorted, whose names end in one of the suffixes."""
    found = []
    for folder in folders:
        for place, children, files in os.walk(os.path.join(root, folder)):
            children[:] = sorted(child for child in children if child not in SKIPPED_FOLDERS)
            for name in files:
                if name.endswith(tuple(suffixes)):
                    found.append(os.path.relpath(os.path.join(place, name), root))
    return sorted(set(found))


def read(root, path):
    """The text of a file; bytes that are not UTF-8 become U+FFFD."""
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def blank(text, keep_includes=False):
    """C++ with comments and the insides of strings replaced by spaces: lines and columns stay where they are."""

    def space(match):
        token = match.group(0)
        if keep_includes and token[0] == '"':
            start = text.rfind("\n", 0, match.start()) + 1
            if re.match(r"\s*#\s*include\b", text[start : match.start()]):
                return token
        if token[0] in "\"'R":
            return token[0] + re.sub(r"[^\n]", " ", token[1:-1]) + token[-1]
        return re.sub(r"[^\n]", " ", token)

    return _CPP_TOKEN.sub(space, text)


def line_of(text, offset):
    """The line number, from 1, of an offset."""
    return text.count("\n", 0, offset) + 1


def report(findings, what):
    """Prints findings, "path:line: message" each, and a total; gives the exit status."""
    for finding in findings:
        print(finding)
    print(f"{what}: {'ok' if not findings else str(len(findings)) + ' problem(s)'}")
    return 1 if findings else 0
