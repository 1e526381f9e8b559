"""The conditions on the source, on whole copies and on part copies: 200 if all hold, else 412 and nothing changed."""

from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from itertools import combinations, product

from support import CosTestCase, quoted_md5

BODY = b"the source"
ETAG = quoted_md5(BODY)
OTHER = quoted_md5(b"something else")
SINCE, UNMODIFIED = "CopySourceIfModifiedSince", "CopySourceIfUnmodifiedSince"
MATCH, NONE_MATCH = "CopySourceIfMatch", "CopySourceIfNoneMatch"
LEGAL_PAIRS = [(SINCE, NONE_MATCH), (UNMODIFIED, MATCH)]
ALL = (SINCE, UNMODIFIED, MATCH, NONE_MATCH)


class WholeCopies:
    """Each copy goes onto a target that holds something else."""

    def __init__(self, case):
        self.case = case
        self.room = case.bucket()
        case.put(self.room, "source", BODY)

    def copy(self, params):
        self.case.put(self.room, "target", b"before")
        return self.case.root.copy_object, {
            **self.room.at("target"),
            "CopySource": self.room.source("source"),
            **params,
        }

    def assert_copied(self):
        self.case.assertEqual(self.case.read(self.room, "target"), BODY)


class PartCopies(WholeCopies):
    """Each copy goes into a part that holds something else."""

    def __init__(self, case):
        super().__init__(case)
        self.upload = case.root.create_multipart_upload(**self.room.at("target"))["UploadId"]

    def copy(self, params):
        part = {**self.room.at("target"), "UploadId": self.upload, "PartNumber": 1}
        self.case.root.upload_part(**part, Body=b"before")
        return self.case.root.upload_part_copy, {**part, "CopySource": self.room.source("source"), **params}

    def assert_copied(self):
        parts = self.case.root.list_parts(**self.room.at("target"), UploadId=self.upload)["Part"]
        self.case.assertEqual([(part["PartNumber"], part["ETag"]) for part in parts], [("1", ETAG)])


class Conditions(CosTestCase):
    def kinds(self):
        for kind in (WholeCopies, PartCopies):
            copies = kind(self)
            modified = parsedate_to_datetime(self.head(copies.room, "source")["Last-Modified"])

            def at(seconds, modified=modified):
                return format_datetime(modified + timedelta(seconds=seconds), usegmt=True)

            table = {
                SINCE: ([at(-1), at(-86_400)], [at(0), at(86_400)]),
                UNMODIFIED: ([at(0), at(86_400)], [at(-1), at(-86_400)]),
                MATCH: ([ETAG, ETAG.strip('"')], [OTHER]),
                NONE_MATCH: ([OTHER], [ETAG, ETAG.strip('"')]),
            }
            yield copies, table

    def happens(self, copies, params):
        operation, arguments = copies.copy(params)
        self.assertEqual(operation(**arguments)["ETag"], ETAG)
        copies.assert_copied()

    def refused(self, copies, params):
        operation, arguments = copies.copy(params)
        attempt = lambda: self.assert_refused(412, "PreconditionFailed", operation, **arguments)
        self.assert_unchanged([copies.room], attempt)

    def alone(self, condition):
        for copies, table in self.kinds():
            holds, fails = table[condition]
            for value in holds:
                self.happens(copies, {condition: value})
            for value in fails:
                self.refused(copies, {condition: value})

    def together(self, sets):
        for copies, table in self.kinds():
            for names in sets:
                for outcomes in product((0, 1), repeat=len(names)):
                    params = {name: table[name][outcome][0] for name, outcome in zip(names, outcomes)}
                    (self.refused if any(outcomes) else self.happens)(copies, params)

    # seed: S30, S96
    def test_modified_since(self):
        self.alone(SINCE)

    # seed: S31, S95
    def test_unmodified_since(self):
        self.alone(UNMODIFIED)

    # seed: S32, S93
    def test_match(self):
        self.alone(MATCH)

    # seed: S33, S94
    def test_none_match(self):
        self.alone(NONE_MATCH)

    # seed: S34, S35, S97
    def test_the_legal_pairs(self):
        self.together(LEGAL_PAIRS)

    # seed: S36, S98
    def test_other_mixes(self):
        mixes = [names for size in (2, 3, 4) for names in combinations(ALL, size)]
        self.together([names for names in mixes if set(names) not in map(set, LEGAL_PAIRS)])
