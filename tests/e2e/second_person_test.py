"""Two-person steps need two people: nobody invents the second one, and nobody agrees to what they have not seen."""

import glob
import os
import re
import unittest

from installation import ROOT, Installation

EXCHANGE_ROLES = ["EXCHANGE_CLERK", "EXCHANGE_OFFICER", "EXCHANGE_REVIEWER_BUSINESS", "EXCHANGE_REVIEWER_COMPLIANCE",
                  "RIGHTS_REVIEWER", "SECRECY_REVIEWER", "SETTLEMENT_CLERK", "SETTLEMENT_OFFICER"]
NOBODY = "01aaaaaaaaaaaaaaaaaaaaaaaa"

# Every step that agrees to, or decides, what somebody else made, by whose credentials it is tried. A text that parties
# accept or sign is pinned by its hash instead.
CONFIRMING = {
    "administrator": ["apiClients/*:approve"],
    "kyc": ["organizations/*:approveKyc", "organizations/*:rejectKyc", "organizations/*:approveReinstate",
            "organizations/*:approveClose"],
    "seller": ["listings/*/intents/*:consent", "listings/*/intents/*:object"],
    "registry": ["registrations/*:accept", "registrations/*:register", "registrations/*:refuse"],
    "staff": ["achievements/*:clear", "achievements/*:classify", "achievements/*:passRights",
              "achievements/*:failRights", "listings/*:accept", "listings/*:return", "listings/*:approve",
              "listings/*:reject", "listings/*:publish", "listings/*:confirm",
              "listings/*/intents/*:decideDispute", "contracts/*:confirm", "bankNotices/*:approveMatch",
              "bankNotices/*:rejectMatch", "settlements/*:approveRelease", "settlements/*:rejectRelease",
              "payouts/*:approve", "notices/*:approveCorrection", "objections/*:accept", "objections/*:dismiss",
              "objections/*:confirmDecision", "certificates/*:approveIssue", "certificates/*:refuse",
              "certificates/*:approveRevoke"],
}


def profile(kind, uscc, name):
    return {"uscc": uscc, "kind": kind, "legal_name": name, "domicile": "Beijing", "region_code": "110108",
            "licence_digest": "0" * 64, "legal_representative": "Wang",
            "bank_account": {"name": name, "number": "6200000001", "bank": "Bank"}}


class SecondPerson(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ttx = Installation()
        try:
            cls.first = cls.ttx.admin_token()
            second = cls.ttx.second_admin
            cls.second = cls.ttx.token(second["client_id"], second["client_secret"])
        except BaseException:
            cls.ttx.__exit__()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.ttx.__exit__()

    def post(self, token, path, body=None, status=200, etag=None):
        headers = {"If-Match": f'"{etag}"'} if etag else {}
        answer = self.ttx.request("POST", "/v1/" + path, body or {}, token=token, headers=headers)
        self.assertEqual(answer.status, status, answer.body)
        return answer.json

    def client(self, manager, organization, roles):
        """A new colleague's client: the answer to whoever made it."""
        person = self.post(manager, organization + "/people", {"display_name": "Li"})
        return self.post(manager, "apiClients", {"person": person["name"], "display_name": "main", "roles": roles})

    def enrol(self, made):
        return self.post(None, made["api_client"]["name"] + ":enrol", {"enrolment_code": made["enrolment_code"]})

    def token_of(self, enrolled):
        return self.ttx.token(enrolled["api_client"]["uid"], enrolled["client_secret"])

    def colleague(self, manager, second, organization, roles):
        made = self.client(manager, organization, roles)
        self.post(second, made["api_client"]["name"] + ":approve", etag=made["api_client"]["etag"])
        return self.token_of(self.enrol(made))

    def organization(self, kyc, kind, uscc, name, roles):
        """Created by an administrator and admitted; its name and its first client's token."""
        made = self.post(self.first, "organizations", {"profile": profile(kind, uscc, name), "roles": roles,
                                                       "person_display_name": "Zhao", "client_display_name": "main"})
        self.assertNotIn("client_secret", made)
        enrolled = self.enrol(made)
        name = made["organization"]["name"]
        self.post(kyc, name + ":approveKyc", etag=made["organization"]["etag"])
        return name, self.token_of(enrolled)

    def test_nobody_invents_a_colleague(self):
        made = self.client(self.first, self.ttx.admin["organization"], ["KYC_OFFICER"])
        self.assertEqual(made["api_client"]["state"], "PENDING")
        self.assertNotIn("client_secret", made)
        enrolled = self.enrol(made)
        credentials = {"grant_type": "client_credentials", "client_id": enrolled["api_client"]["uid"],
                       "client_secret": enrolled["client_secret"]}
        self.assertEqual(self.post(None, "token", credentials, 409)["reason"], "WRONG_STATE")
        again = self.post(None, made["api_client"]["name"] + ":enrol", {"enrolment_code": made["enrolment_code"]}, 409)
        self.assertEqual(again["reason"], "ENROLMENT_CODE_USED")
        name, etag = made["api_client"]["name"], enrolled["api_client"]["etag"]
        self.assertEqual(self.post(self.first, name + ":approve", status=409, etag=etag)["reason"], "SAME_PERSON")
        self.assertEqual(self.post(self.second, name + ":approve", status=400)["violations"][0]["field"], "etag")
        stale = self.post(self.second, name + ":approve", status=412, etag=made["api_client"]["etag"])
        self.assertEqual(stale["reason"], "ETAG_MISMATCH")
        self.assertEqual(self.post(self.second, name + ":approve", etag=etag)["state"], "ACTIVE")
        self.token_of(enrolled)

    def test_nobody_agrees_to_what_they_have_not_seen(self):
        operator = self.ttx.admin["organization"]
        tokens = {"administrator": self.first,
                  "kyc": self.colleague(self.first, self.second, operator, ["KYC_OFFICER"])}
        exchange, manager = self.organization(tokens["kyc"], "EXCHANGE", "91110108MA01TTXX1P", "An exchange",
                                              ["EXCHANGE_CLERK"])
        tokens["staff"] = self.colleague(manager, self.first, exchange, EXCHANGE_ROLES)
        _, tokens["registry"] = self.organization(tokens["kyc"], "REGISTRY", "12110000MA01TTXX3A", "A registry",
                                                  ["REGISTRY"])
        _, tokens["seller"] = self.organization(tokens["kyc"], "UNIVERSITY", "12110000MA01TTXX4D", "A university",
                                                ["TRANSFEROR"])
        for who, paths in CONFIRMING.items():
            for path in paths:
                with self.subTest(path=path):
                    problem = self.post(tokens[who], path.replace("*", NOBODY), status=400)
                    self.assertEqual([(v["field"], v["reason"]) for v in problem["violations"]],
                                     [("etag", "REQUIRED")])

    def test_the_list_is_complete(self):
        """Exactly the methods whose requests say so in the proto are in the list above."""
        described = set()
        for proto in glob.glob(os.path.join(ROOT, "proto/ttx/*/v1/*.proto")):
            with open(proto, encoding="utf-8") as file:
                text = file.read()
            for request in re.findall(r"(?ms)^message (\w+) \{(?:(?!^\}).)*// Required: the etag", text):
                route = re.search(r"\(%s\) returns[^}]*?post: \"/v1/\{name=([^\"]*)\}(:\w+)\"" % request, text)
                described.add(route[1] + route[2])
        self.assertEqual(described,
                         {path for paths in CONFIRMING.values() for path in paths})


if __name__ == "__main__":
    unittest.main()
