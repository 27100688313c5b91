#!/usr/bin/env python3
"""Checks the form of the sources: what a formatter does not and a reviewer should not have to.

  lines        at most 120 characters, no tabs, no spaces at the end, a newline at the end of the file
  functions    at most 70 lines (C++ and Python)
  notes        no notes about work left to do, no commented-out code
  coroutines   no coroutine lambda with captures in gateway/ (the captures die before the coroutine)
  protos       every service, method, message, field, enum and value has a comment above it

A finding is one line, "path:line: message". Exit status: 0 clean, 1 findings, 2 wrong usage.
"""

import argparse
import ast
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sources

COLUMNS_MAX = 120
FUNCTION_LINES_MAX = 70
CODE = (".h", ".cc", ".proto", ".py", ".js", ".mjs", ".css", ".html", ".sh", ".cmake", "CMakeLists.txt")
FOLDERS = ("libs", "services", "gateway", "proto", "cmake", "deploy", "tests", "tools")
NOTE = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX"]) + r")\b")
COMMENTED_CODE = re.compile(
    r"^\s*//(?!/)\s*(?:"
    r"(?:if|for|while|switch)\s*\(.*[{;]|return\b.*;|#\s*(?:include|define|if|endif)\b.*"
    r"|(?:const\s+)?(?:auto|int|bool|std::[\w:<>, ]+)[&*]?\s+\w+\s*(?:=|\().*;"
    r"|[\w:.>\[\]-]+\s*(?:=|\+=|-=)\s*[^=].*;|[\w:.>\[\]-]+\(.*\);|\})\s*$"
)


def check_lines(path, text):
    findings = []
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > COLUMNS_MAX:
            findings.append(f"{path}:{number}: {len(line)} columns, at most {COLUMNS_MAX}")
        if "\t" in line:
            findings.append(f"{path}:{number}: a tab")
        if line != line.rstrip():
            findings.append(f"{path}:{number}: spaces at the end of the line")
        if NOTE.search(line):
            findings.append(f"{path}:{number}: a note about work left to do belongs in an issue")
        if path.endswith((".h", ".cc")) and COMMENTED_CODE.match(line):
            findings.append(f"{path}:{number}: this looks like commented-out code")
    if text and not text.endswith("\n"):
        findings.append(f"{path}:{text.count(chr(10)) + 1}: no newline at the end of the file")
    return findings


def kind_of_block(head):
    """What an opening brace in a namespace or class begins, given the text before it."""
    head = re.sub(r"^\s*(?:public|protected|private)\s*:", "", head)
    head = re.sub(r"^\s*template\s*<.*?>\s*(?=[\w\[])", "", head.strip(), flags=re.DOTALL)
    if re.match(r"(inline\s+)?namespace\b|extern\s*$|extern\s+\"", head):
        return "scope"
    if re.search(r"\b(class|struct|union|enum)\b", head) and "(" not in re.sub(r"\balignas\s*\([^)]*\)", "", head):
        return "scope"
    if ")" in head and not re.search(r"=\s*$", head):
        return "function"
    return "other"


def cpp_functions(text):
    """(first line, last line) of each function that stands in a namespace or class. A heuristic by braces."""
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), sources.blank(text),
                  flags=re.MULTILINE)
    functions = []
    stack = []  # (kind, offset where its head begins)
    head = 0
    for match in re.finditer(r"[{};]", code):
        at = match.start()
        in_scope = not stack or stack[-1][0] == "scope"
        if match.group(0) == "{":
            kind = kind_of_block(code[head:at]) if in_scope else "other"
            stack.append((kind, head))
            head = at + 1
        elif match.group(0) == ";":
            head = at + 1
        elif stack:
            kind, start = stack.pop()
            following = code[at + 1 :].lstrip()[:1]
            if kind == "function" and following in (",", "{"):
                head = start  # a member initializer in braces: the body is still to come
                continue
            if kind == "function":
                begin = start + re.match(r"(?:\s|(?:public|protected|private)\s*:)*", code[start:]).end()
                functions.append((sources.line_of(code, begin), sources.line_of(code, at)))
            head = at + 1
    return functions


def python_functions(text):
    tree = ast.parse(text)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(node.lineno, node.end_lineno) for node in ast.walk(tree) if isinstance(node, kinds)]


def check_functions(path, text):
    functions = python_functions(text) if path.endswith(".py") else cpp_functions(text)
    return [
        f"{path}:{first}: a function of {last - first + 1} lines, at most {FUNCTION_LINES_MAX}"
        for first, last in functions
        if last - first + 1 > FUNCTION_LINES_MAX
    ]


LAMBDA = re.compile(r"(?<![\w\])\[])\[(?!\[)([^\[\]]*)\]\s*(?:\([^{};]*?\))?\s*(?:mutable|noexcept|\s)*(->[^{;]*)?\{")


def closing(code, opening):
    """The offset of the brace that closes the one at `opening`."""
    depth = 0
    for match in re.finditer(r"[{}]", code[opening:]):
        depth += 1 if match.group(0) == "{" else -1
        if depth == 0:
            return opening + match.start()
    return len(code)


def check_coroutines(path, text):
    findings = []
    code = sources.blank(text)
    # From the last to the first, so that an inner lambda is judged and blanked before the one around it.
    for match in reversed(list(LAMBDA.finditer(code))):
        end = closing(code, match.end() - 1)
        body = code[match.end() : end]
        coroutine = re.search(r"\bco_(await|return|yield)\b", body) or "awaitable" in (match.group(2) or "")
        if coroutine and match.group(1).strip():
            line = sources.line_of(code, match.start())
            findings.append(f"{path}:{line}: a coroutine lambda with captures; pass them as parameters by value")
        code = code[: match.end()] + re.sub(r"[^\n]", " ", body) + code[end:]
    return findings[::-1]


PROTO_ELEMENT = re.compile(
    r"\s*(?:(?P<block>service|message|enum|oneof)\s+(?P<name>\w+)|(?P<rpc>rpc)\s+(?P<method>\w+)"
    r"|(?:optional\s+|repeated\s+|required\s+)?(?:map\s*<[^>]*>|[\w.]+)\s+(?P<field>\w+)\s*=\s*\d+"
    r"|(?P<value>[A-Z]\w*)\s*=\s*-?(?:\d+|0x[0-9a-fA-F]+))"
)
PROTO_NOT_ELEMENT = re.compile(r"\s*(?:option|syntax|edition|import|package|reserved|extensions|extend)\b")


def check_proto(path, text):
    findings = []
    blocks = []  # what each open brace belongs to
    inside_statement = False
    previous_is_comment = False
    for number, line in enumerate(text.split("\n"), 1):
        code = re.sub(r'"(?:\\.|[^"\\])*"', lambda m: '"' + " " * (len(m.group(0)) - 2) + '"', line)
        code = re.sub(r"//.*", "", code)
        if not code.strip():
            previous_is_comment = line.strip().startswith("//")
            continue
        element = None if inside_statement or PROTO_NOT_ELEMENT.match(code) else PROTO_ELEMENT.match(code)
        if element and "rpc" not in blocks and "other" not in blocks and not previous_is_comment:
            name = element["name"] or element["method"] or element["field"] or element["value"]
            findings.append(f"{path}:{number}: {name} has no comment above it")
        kind = "other"
        if element:
            kind = element["block"] or element["rpc"] or "other"
        elif re.match(r"\s*extend\b", code):
            kind = "extend"
        for character in code:
            if character == "{":
                blocks.append(kind)
                kind = "other"
            elif character == "}" and blocks:
                blocks.pop()
        inside_statement = not re.search(r"[;{}]\s*$", code)
        previous_is_comment = False
    return findings


def check_file(path, text):
    """Findings of one file. `path` is relative to the root."""
    findings = check_lines(path, text)
    if path.endswith((".h", ".cc", ".py")):
        findings += check_functions(path, text)
    if path.startswith("gateway/") and path.endswith((".h", ".cc")):
        findings += check_coroutines(path, text)
    if path.endswith(".proto") and path.startswith(("proto/", "libs/config/")):
        findings += check_proto(path, text)
    return findings


def check(root):
    findings = []
    for path in sources.find(root, CODE, FOLDERS):
        findings += check_file(path, sources.read(root, path))
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                        help="the repository (default: the one this file is in)")
    return sources.report(check(parser.parse_args().root), "tidy")


if __name__ == "__main__":
    sys.exit(main())
