#!/usr/bin/env python3
"""Plants what the layers forbid and sees tools/check_layers.py find it, and what they allow and sees it pass."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import check_layers


def findings(path, text):
    return check_layers.check_file(path, text)


class Includes(unittest.TestCase):
    def refused(self, path, line, message):
        found = findings(path, f"#pragma once\n\n{line}\n")
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{path}:3: "), found[0])
        self.assertIn(message, found[0])

    def allowed(self, path, line):
        self.assertEqual(findings(path, line + "\n"), [])

    def test_services_never_include_each_other(self):
        line = '#include "services/contract/domain/contract.h"'
        for layer in ("domain/", "store/", "app/", "rpc/", ""):
            self.refused(f"services/auction/{layer}a.h", line, "services/auction may not include services/contract")
        self.refused("services/auction/app/a_test.cc", line, "may not include services/contract")

    def test_domain_includes_core_only(self):
        self.allowed("services/auction/domain/a.cc", '#include "libs/core/time.h"')
        self.allowed("services/auction/domain/a.cc", '#include "services/auction/domain/bid.h"')
        self.allowed("services/auction/domain/a.cc", "#include <unordered_map>")
        for line in ('#include "libs/storage/kv.h"', '#include "libs/obs/log.h"', "#include <unistd.h>",
                     '#include "ttx/auction/v1/auction.pb.h"', '#include "services/auction/store/keys.h"',
                     "#include <google/protobuf/message.h>"):
            self.assertEqual(len(findings("services/auction/domain/a.cc", line + "\n")), 1, line)

    def test_the_rules_of_a_session_are_shared_but_not_their_message(self):
        self.allowed("services/listing/domain/a.cc", '#include "libs/bidding/rules.h"')
        self.allowed("services/listing/store/a.h", '#include "libs/bidding/rules_proto.h"')
        self.allowed("services/listing/store/a.h", '#include "ttx/type/v1/bidding_rules.pb.h"')
        self.refused("services/listing/domain/a.cc", '#include "libs/bidding/rules_proto.h"', "knows no messages")
        self.refused("services/listing/domain/a.h", '#include "ttx/type/v1/bidding_rules.pb.h"', "may not include")
        self.refused("services/listing/store/a.h", '#include "ttx/listing/v1/listing.pb.h"', "may not include")
        self.refused("libs/bidding/a.h", '#include "libs/sealed/rules.h"', "may not include libs/sealed")

    def test_layers_point_downwards(self):
        self.allowed("services/auction/app/a.cc", '#include "services/auction/store/keys.h"')
        self.allowed("services/auction/rpc/a.cc", '#include "ttx/contract/v1/contract.pb.h"')
        self.allowed("services/auction/module.cc", '#include "services/auction/rpc/service.h"')
        self.refused("services/auction/store/a.h", '#include "services/auction/app/app.h"', "may not include")
        self.refused("services/auction/app/a.h", '#include "ttx/auction/v1/auction.pb.h"', "may not include the API")
        self.refused("services/auction/app/a.h", '#include "libs/auth/token.h"', "may not include libs/auth")

    def test_libs_follow_the_table(self):
        self.allowed("libs/rpc/a.cc", '#include "libs/storage/kv.h"')
        self.allowed("libs/rpc/a.cc", '#include "ttx/api/v1/method.pb.h"')
        self.refused("libs/core/a.h", '#include "libs/obs/log.h"', "libs/core may not include libs/obs")
        self.refused("libs/storage/a.h", '#include "libs/rpc/feed.h"', "libs/storage may not include libs/rpc")
        self.refused("libs/rpc/a.h", '#include "services/party/module.h"', "may not include a service")
        self.refused("libs/core/a.h", "#include <fcntl.h>", "only the standard library")

    def test_gateway_knows_no_service(self):
        self.allowed("gateway/live/a.cc", '#include "libs/rpc/directory.h"')
        self.refused("gateway/live/a.h", '#include "services/auction/module.h"', "may not include a service")
        self.refused("gateway/live/a.h", '#include "libs/storage/kv.h"', "may not include libs/storage")

    def test_server_sees_only_modules(self):
        self.allowed("services/server/host.cc", '#include "services/auction/module.h"')
        self.allowed("services/server/host.cc", '#include "gateway/gateway.h"')
        self.refused("services/server/host.cc", '#include "services/auction/app/app.h"', "only module.h")

    def test_nothing_includes_tests(self):
        self.refused("libs/rpc/a.h", '#include "tests/contract/suite.h"', "nothing includes tests")
        self.allowed("tests/sim/a.cc", '#include "services/auction/app/app.h"')

    def test_heavy_headers_stay_in_sources(self):
        for header in ("boost/beast/http.hpp", "grpcpp/grpcpp.h"):
            self.refused("gateway/https/session.h", f"#include <{header}>", "heavy header")
            self.allowed("gateway/https/session.cc", f"#include <{header}>")
        self.refused("libs/storage/writer.cc", "#include <rocksdb/db.h>", "only in libs/storage/rocks")
        self.allowed("libs/storage/rocks_kv.cc", "#include <rocksdb/db.h>")

    def test_unknown_places_are_refused(self):
        self.refused("libs/misc/a.h", '#include "libs/core/time.h"', "not a folder of the architecture")
        self.refused("services/auction/util/a.h", '#include "libs/core/time.h"', "not a folder of the architecture")
        self.refused("libs/obs/a.h", '#include "log.h"', "not written from the root")

    def test_includes_in_comments_and_strings_do_not_count(self):
        self.assertEqual(findings("libs/core/a.cc", '// #include "libs/obs/log.h"\n/*\n#include "x.h"\n*/\n'), [])


class Calls(unittest.TestCase):
    def test_banned_calls_are_found_with_their_line(self):
        for call, name in (("std::chrono::system_clock::now()", "clock"), ("time(nullptr)", "clock"),
                           ("std::random_device{}()", "random"), ("rand()", "random"),
                           ('getenv("HOME")', "environment"),
                           ("std::thread([] {})", "thread"), ("std::this_thread::sleep_for(x)", "sleep")):
            found = findings("services/auction/app/a.cc", f"void F() {{\n  {call};\n}}\n")
            self.assertEqual(len(found), 1, (call, found))
            self.assertTrue(found[0].startswith("services/auction/app/a.cc:2: "))
            self.assertIn(f"({name})", found[0])

    def test_named_files_may_call(self):
        self.assertEqual(findings("libs/obs/log.cc", "std::thread writer;\n"), [])
        self.assertEqual(findings("services/server/main.cc", "auto t = std::chrono::system_clock::now();\n"), [])
        self.assertEqual(findings("libs/storage/writer_test.cc", "std::thread t;\n"), [])

    def test_mentions_are_not_calls(self):
        text = '// std::thread and rand() are banned\nstd::string_view s = "getenv(x)";\nint operand(int brand);\n'
        self.assertEqual(findings("services/auction/app/a.cc", text), [])

    def test_money_is_never_floating_point(self):
        self.assertEqual(len(findings("services/auction/domain/a.h", "double price;\nfloat share;\n")), 2)
        self.assertEqual(len(findings("libs/core/money.cc", "long double x;\n")), 1)
        self.assertEqual(findings("libs/obs/metrics.cc", "double seconds;\n"), [])


class Tree(unittest.TestCase):
    def test_a_whole_tree_is_walked_and_build_folders_are_not(self):
        with tempfile.TemporaryDirectory() as root:
            for path in ("libs/core/a.h", "libs/core/build/b.h"):
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write('#include "libs/obs/log.h"\n')
            self.assertEqual(len(check_layers.check(root)), 1)


if __name__ == "__main__":
    unittest.main()
