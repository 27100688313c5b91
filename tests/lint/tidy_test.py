#!/usr/bin/env python3
"""Plants what tools/tidy.py refuses and sees it found, and what only looks like it and sees it pass."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import tidy


class Lines(unittest.TestCase):
    def refused(self, text, message, path="libs/core/a.cc"):
        found = tidy.check_lines(path, text)
        self.assertEqual(len(found), 1, found)
        self.assertIn(message, found[0])

    def test_form(self):
        self.refused("x" * 121 + "\n", "121 columns")
        self.refused("\tint x;\n", "a tab")
        self.refused("int x; \n", "spaces at the end")
        self.refused("int x;", "no newline")
        self.assertEqual(tidy.check_lines("a.cc", "挂" * 120 + "\n"), [])

    def test_notes(self):
        for word in ("TO" + "DO", "FIX" + "ME", "X" + "XX"):
            self.refused(f"int x;  // {word}: later\n", "work left to do")
        self.assertEqual(tidy.check_lines("a.cc", 'mkdtemp("ttx_XXXXXX");\n'), [])

    def test_commented_out_code(self):
        for line in ("// return x;", "  // if (a) {", "// x = y + 1;", "// writer.Submit(command);", "// }",
                     "// std::string text = Read();", "// #include <vector>"):
            self.refused(line + "\n", "commented-out")
        for line in ("// Returns early; the caller retries.", "// x = 3 means none", "/// Writer w = Make();",
                     "// The lock is held (see above);"):
            self.assertEqual(tidy.check_lines("a.cc", line + "\n"), [], line)


def function(lines, head="int F(int a) {"):
    return head + "\n" + "  a = g({1}, [] { return 2; });\n" * (lines - 2) + "}\n"


class Functions(unittest.TestCase):
    def lengths(self, text):
        return [last - first + 1 for first, last in tidy.cpp_functions(text)]

    def test_length(self):
        self.assertEqual(tidy.check_functions("a.cc", function(70)), [])
        found = tidy.check_functions("a.cc", "int x;\n\n" + function(71))
        self.assertEqual(found, ["a.cc:3: a function of 71 lines, at most 70"])

    def test_shapes(self):
        for head in ("template <class T, int N>\nT F(const std::map<T, int>& m) noexcept {", "TEST_F(A, B) {",
                     "A::A(int x)\n    : x_{x}, y_(x) {", "auto F() -> Result<int> {",
                     "bool operator==(const A&) const {"):
            text = "namespace n {\nclass C : public D {\n public:\n" + function(5, head) + "};\n}\n"
            self.assertEqual(self.lengths(text), [5 + head.count("\n")], head)

    def test_what_is_no_function(self):
        text = "constexpr int kTable[] = {\n" + "  1,\n" * 100 + "};\nenum class E {\n" + "  kA,\n" * 100 + "};\n"
        self.assertEqual(self.lengths(text), [])

    def test_strings_macros_and_comments_do_not_confuse(self):
        text = '#define M(x) \\\n  do { \\\n    x\n// {\nstd::string F() { return "}{"; }\nint G() { return \'{\'; }\n'
        self.assertEqual(self.lengths(text), [1, 1])

    def test_python(self):
        text = "def f():\n" + "    x = 1\n" * 70
        self.assertEqual(len(tidy.check_functions("a.py", text)), 1)


class Coroutines(unittest.TestCase):
    def test_captures(self):
        for lambda_text in ("[this]() -> net::awaitable<void> { co_return; }", "[&] { co_await F(); }",
                            "[s = std::move(s)](int x) mutable -> awaitable<int> { co_return x; }"):
            text = f"void F() {{\n  net::co_spawn(e, {lambda_text}, net::detached);\n}}\n"
            found = tidy.check_coroutines("gateway/a.cc", text)
            self.assertEqual(len(found), 1, lambda_text)
            self.assertTrue(found[0].startswith("gateway/a.cc:2: "))

    def test_harmless_lambdas(self):
        for text in ("auto f = [](std::string s) -> awaitable<void> { co_return; };\n", "auto f = [&] { return 1; };\n",
                     "auto f = [&] { return [](int x) -> awaitable<int> { co_return x; }; };\n",
                     "int a[3] = {1, 2, 3};\n[[nodiscard]] int F() { return a[0]; }\n"):
            self.assertEqual(tidy.check_coroutines("gateway/a.cc", text), [], text)


PROTO = """syntax = "proto3";

package p;

import "x.proto";

// A service.
service S {
  // A method.
  rpc Get(Request)
      returns (Response) {
    option (google.api.http) = {
      get: "/v1/{name=x/*}"
      additional_bindings { get: "/v1/y" }
    };
  }
}

// A request.
message Request {
  // A field.
  repeated string name = 1 [
    (google.api.field_behavior) = REQUIRED
  ];

  reserved 2;
  // A choice.
  enum Kind {
    // None.
    KIND_UNSPECIFIED = 0;
  }
  // A map.
  map<string, int64> counts = 3;
}

extend google.protobuf.MethodOptions {
  // An extension.
  Policy policy = 50701;
}
"""


class Protos(unittest.TestCase):
    def test_a_commented_file_passes(self):
        self.assertEqual(tidy.check_proto("proto/a.proto", PROTO), [])

    def test_each_comment_is_missed(self):
        lines = PROTO.split("\n")
        comments = [number for number, line in enumerate(lines) if line.strip().startswith("//")]
        for number in comments:
            text = "\n".join(lines[:number] + lines[number + 1 :])
            found = tidy.check_proto("proto/a.proto", text)
            self.assertEqual(len(found), 1, (lines[number], found))
            self.assertTrue(found[0].startswith(f"proto/a.proto:{number + 1}: "), found)


if __name__ == "__main__":
    unittest.main()
