#!/usr/bin/env python3
"""Checks who includes whom and which calls are made where.

The table of layers is ARCHITECTURE.md as data. A finding is one line, "path:line: message".
Exit status: 0 clean, 1 findings, 2 wrong usage.
"""

import argparse
import fnmatch
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sources

# What a folder of libs may include besides itself and the standard library.
LIBS = {
    "core": set(),
    "bidding": {"core"},
    "obs": {"core"},
    "config": {"core"},
    "auth": {"core", "crypto"},
    "crypto": {"core"},
    "sealed": {"bidding", "core", "crypto"},
    "storage": {"core", "obs"},
    "rpc": {"core", "obs", "auth", "storage", "crypto"},
    "testing": {"core", "storage"},
}
ALL_LIBS = set(LIBS)

# What a layer of services/X may include: layers of the same service, and libs. "proto" is any ttx.*.v1.
SERVICE_LAYERS = {
    "domain": (set(), {"bidding", "core"}),
    "store": ({"domain"}, {"bidding", "core", "storage", "crypto"}),
    "app": ({"domain", "store"}, {"bidding", "core", "obs", "sealed", "storage", "crypto"}),
    "rpc": ({"app", "domain", "store", "replay"}, {"bidding", "core", "auth", "rpc", "storage", "proto"}),
    "replay": ({"domain", "store"}, {"bidding", "core", "crypto", "storage", "proto"}),
    "": ({"domain", "store", "app", "rpc", "replay"}, (ALL_LIBS - {"testing"}) | {"proto"}),  # module.h, module.cc
}
GATEWAY = {"core", "obs", "config", "rpc", "proto"}

# Headers that cost seconds to compile: in sources only, except in these files.
HEAVY = ("boost/", "grpcpp/", "grpc/", "rocksdb/", "spdlog/", "prometheus/")
HEAVY_ALLOWED = [
    "gateway/https/asio.h",
    "gateway/calls.h",
    "libs/rpc/event_stream.h",
    "tests/*",
]
# Third party that only these files may include at all.
ONLY_IN = {
    "rocksdb/": ["libs/storage/rocks*.cc", "tests/*"],
    "prometheus/": ["libs/obs/metrics.cc"],
    "spdlog/": ["libs/obs/*.cc"],
    "boost/": ["gateway/*", "tests/*"],
    "openssl/": ["libs/crypto/*", "libs/auth/*", "libs/sealed/*", "gateway/https/*", "tests/*"],
    "cjose/": ["libs/auth/*", "tests/*"],
}

# name -> (pattern, where it is allowed, what to do instead)
BANNED = {
    "clock": (
        r"\b(system_clock|steady_clock|high_resolution_clock|clock_gettime|gettimeofday|localtime(_r)?|gmtime(_r)?)\b"
        r"|\btime\s*\(\s*(nullptr|NULL|0)\s*\)",
        ["services/server/*", "gateway/https/*", "gateway/calls.cc", "libs/rpc/*", "tests/e2e/*", "tests/bench/*",
         "tests/integration/*"],
        "take a Time argument; only shells ask a Clock",
    ),
    "random": (
        r"\b(random_device|s?rand|rand_r|[dlm]rand48)\b\s*[({]",
        ["libs/crypto/*"],
        "use an IdSource or libs/crypto",
    ),
    "environment": (
        r"\b(secure_)?getenv\b|\bsetenv\b",
        ["services/server/main.cc", "tests/*"],
        "settings stand in the configuration file",
    ),
    "thread": (
        r"\bstd::(thread|jthread|async)\b|\bpthread_create\b",
        ["libs/obs/log.cc", "libs/storage/writer.*", "libs/storage/shell.*", "libs/rpc/*", "services/server/*",
         "services/*/module.cc", "gateway/*", "tests/*", "*_test.cc"],
        "threads belong to libs, the server and the gateway",
    ),
    "sleep": (
        r"\b(sleep_for|sleep_until|usleep|nanosleep)\b",
        ["tests/e2e/*", "tests/bench/*", "services/server/demo/*", "services/server/export_client.cc"],
        "wait for the event itself",
    ),
}
FLOATING_POINT = re.compile(r"\b(float|double)\b")
NO_FLOATING_POINT = ["libs/core/*", "services/*/domain/*", "services/*/store/*", "libs/storage/*"]

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)[">]', re.MULTILINE)


def matches(path, patterns):
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


def allowed_of(path):
    """(own service or None, allowed layers of it, allowed libs) of a file; None when its folder is not in the table."""
    parts = path.split("/")
    test = path.endswith("_test.cc")
    if parts[0] == "libs" and len(parts) > 2:
        libs = LIBS.get(parts[1])
        return None if libs is None else (None, set(), libs | {parts[1]} | ({"testing"} if test else set()))
    if parts[0] == "gateway":
        return (None, set(), GATEWAY | ({"testing"} if test else set()))
    if parts[0] == "services" and len(parts) > 2:
        layer = parts[2] if len(parts) > 3 else ""
        if layer not in SERVICE_LAYERS:
            return None
        layers, libs = SERVICE_LAYERS[layer]
        return (parts[1], layers | {layer}, libs | ({"testing"} if test else set()))
    return None


def is_pure(path):
    """Whether a file must know values and the standard library only: no messages, nothing of third parties."""
    return path.startswith("libs/core/") or "/domain/" in path


def check_project_include(path, target):
    """What is wrong with a file including a file of this project, or None."""
    allowed = allowed_of(path)
    if allowed is None:
        return f"{os.path.dirname(path)} is not a folder of the architecture (tools/check_layers.py)"
    service, layers, libs = allowed
    to = target.split("/")
    if to[0] == "ttx":
        ok = "proto" in libs or "rpc" in libs and path.startswith("libs/rpc/") or to[1:2] == ["api"] and "rpc" in libs
        ok = ok or to[1:2] == ["type"] and "bidding" in libs and not is_pure(path)
        return None if ok else f"{path} may not include the API's {target}"
    if to[0] == "libs":
        if is_pure(path) and target.endswith("_proto.h"):
            return f"{os.path.dirname(path)} knows no messages: it may not include {target}"
        return None if to[1] in libs else f"{os.path.dirname(path)} may not include libs/{to[1]}"
    if to[0] == "gateway":
        return None if path.startswith("gateway/") else f"nothing but services/server includes gateway ({target})"
    if to[0] == "services":
        if service is None:
            return f"{path.split('/')[0]} may not include a service ({target})"
        if to[1] != service:
            return f"services/{service} may not include services/{to[1]}"
        layer = to[2] if len(to) > 3 else ""
        return None if layer in layers else f"{os.path.dirname(path)} may not include {os.path.dirname(target)}"
    return f'"{target}" is not written from the root of the repository'


def check_server_include(path, target):
    """services/server is the composition root: libs, the gateway, and of a service only module.h and replay/."""
    to = target.split("/")
    if to[0] == "services" and to[1] != "server" and to[2:] != ["module.h"] and to[2] != "replay":
        return f"services/server may include only module.h and replay/ of a service, not {target}"
    return None


def check_third_party(path, target):
    if path.endswith(".h") and target.startswith(HEAVY) and not matches(path, HEAVY_ALLOWED):
        return f"<{target}> is a heavy header: include it in a .cc file"
    for prefix, files in ONLY_IN.items():
        if target.startswith(prefix) and not matches(path, files):
            return f"<{target}> may be included only in {', '.join(files)}"
    if is_pure(path) and not path.endswith("_test.cc") and not re.fullmatch(r"[a-z_0-9]+", target):
        return f"<{target}>: libs/core and the domain use only the standard library"
    return None


def check_file(path, text):
    """Findings of one C++ file. `path` is relative to the root."""
    findings = []
    code = sources.blank(text, keep_includes=True)
    for match in INCLUDE.finditer(code):
        kind, target = match.groups()
        problem = None
        if kind == "<" or target.startswith("google/"):
            problem = check_third_party(path, target)
        elif target.startswith("tests/"):
            problem = None if path.startswith("tests/") else "nothing includes tests"
        elif path.startswith("services/server/"):
            problem = check_server_include(path, target)
        elif not path.startswith("tests/"):
            problem = check_project_include(path, target)
        if problem:
            findings.append(f"{path}:{sources.line_of(code, match.start(1))}: {problem}")
    for name, (pattern, files, instead) in BANNED.items():
        if matches(path, files):
            continue
        for match in re.finditer(pattern, code):
            line = sources.line_of(code, match.start())
            findings.append(f"{path}:{line}: {match.group(0).strip('({ ')} ({name}): {instead}")
    if matches(path, NO_FLOATING_POINT) and not path.endswith("_test.cc"):
        for match in FLOATING_POINT.finditer(code):
            line = sources.line_of(code, match.start())
            findings.append(f"{path}:{line}: {match.group(0)}: money, scores and legal time are integers")
    return findings


def check(root):
    findings = []
    for path in sources.find(root, (".h", ".cc"), ("libs", "services", "gateway", "tests")):
        findings += check_file(path, sources.read(root, path))
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                        help="the repository (default: the one this file is in)")
    return sources.report(check(parser.parse_args().root), "layers")


if __name__ == "__main__":
    sys.exit(main())
