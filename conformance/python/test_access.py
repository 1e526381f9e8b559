"""ACLs and grants, on both ways to make a copy."""

from support import ROOT_UIN, SECOND_UIN, SUB_UIN, CosTestCase, principal


class Access:
    """What holds for every way; the classes below say how a copy is made."""

    def make(self, bucket, key, **params):
        raise NotImplementedError

    def source_bucket(self, **params):
        bucket = self.bucket(**params)
        self.put(bucket, "source", b"secret")
        return bucket

    def granted(self, bucket, key, permission):
        grants = self.root.get_object_acl(**bucket.at(key))["AccessControlList"]["Grant"]
        found = {grant["Grantee"].get("ID") for grant in grants if grant["Permission"] == permission}
        return found if permission != "FULL_CONTROL" else found - {principal(ROOT_UIN)}

    def assert_denied(self, operation, **params):
        self.assert_refused(403, "AccessDenied", operation, **params)

    # seed: S17, S72
    def test_preset_acls(self):
        bucket = self.source_bucket()
        presets = [
            ("default", "default", 403),
            ("private", "private", 403),
            ("public-read", "public-read", 200),
        ]
        for acl, shown, status in presets:
            self.make(bucket, acl, ACL=acl)
            self.assertEqual(self.root.get_object_acl(**bucket.at(acl))["CannedACL"], shown)
            self.assertEqual(self.visit(bucket, acl), status, acl)

    # seed: S18, S73
    def test_default_follows_the_bucket(self):
        bucket = self.source_bucket(ACL="public-read")
        self.make(bucket, "none")
        self.make(bucket, "default", ACL="default")
        for acl, status in [("public-read", 200), ("private", 403), ("public-read", 200)]:
            self.root.put_bucket_acl(Bucket=bucket.name, ACL=acl)
            self.assertEqual([self.visit(bucket, key) for key in ("none", "default")], [status, status])

    # seed: S19, S20, S74
    def test_grant_read_by_a_bare_uin(self):
        bucket = self.source_bucket()
        self.assert_denied(self.second.get_object, **bucket.at("source"))
        self.make(bucket, "granted", GrantRead=f'id="{SECOND_UIN}"')
        self.assertEqual(self.read(bucket, "granted", by=self.second), b"secret")
        self.assertEqual(self.granted(bucket, "granted", "READ"), {principal(SECOND_UIN)})
        self.assert_denied(self.second.put_object, **bucket.at("granted"), Body=b"x")
        self.assert_denied(self.second.get_object_acl, **bucket.at("granted"))
        self.assert_denied(self.second.put_object_acl, **bucket.at("granted"), ACL="public-read")
        self.assert_denied(self.sub.get_object, **bucket.at("granted"))
        self.assertEqual(self.visit(bucket, "granted"), 403)

    # seed: S21, S23, S74
    def test_the_example_of_two_grantees(self):
        bucket = self.source_bucket()
        example = (
            'id="qcs::cam::uin/100000000001:uin/100000000001", ' 'id="qcs::cam::uin/100000000001:uin/100000000011"'
        )
        self.make(bucket, "granted", GrantRead=example)
        expected = {principal("100000000001"), principal("100000000001", "100000000011")}
        self.assertEqual(self.granted(bucket, "granted", "READ"), expected)

    # seed: S22, S74
    def test_a_sub_account(self):
        bucket = self.source_bucket()
        self.make(bucket, "ours", GrantRead=f'id="{principal(ROOT_UIN, SUB_UIN)}"')
        self.make(bucket, "other", GrantRead=f'id="{principal(ROOT_UIN, "100000000012")}"')
        self.assertEqual(self.read(bucket, "ours", by=self.sub), b"secret")
        self.assert_denied(self.sub.get_object, **bucket.at("other"))
        self.assert_denied(self.second.get_object, **bucket.at("ours"))

    # seed: S25, S75
    def test_full_control(self):
        bucket = self.source_bucket()
        self.make(bucket, "granted", GrantFullControl=f'id="{SECOND_UIN}"')
        self.assertEqual(self.granted(bucket, "granted", "FULL_CONTROL"), {principal(SECOND_UIN)})
        self.assertEqual(self.read(bucket, "granted", by=self.second), b"secret")
        self.second.get_object_acl(**bucket.at("granted"))
        self.second.put_object_acl(**bucket.at("granted"), ACL="public-read")
        self.assertEqual(self.visit(bucket, "granted"), 200)


class OfWholeCopies(Access, CosTestCase):
    def make(self, bucket, key, **params):
        return self.root.copy_object(**bucket.at(key), CopySource=bucket.source("source"), **params)

    # seed: S17, S23
    def test_unknown_values_are_refused(self):
        bucket = self.source_bucket()
        copy = {**bucket.at("b"), "CopySource": bucket.source("source")}
        for params in ({"ACL": "everybody"}, {"GrantRead": "somebody"}, {"GrantRead": 'id="somebody"'}):
            attempt = lambda: self.assert_refused(400, "InvalidArgument", self.root.copy_object, **copy, **params)
            self.assert_unchanged([bucket], attempt)

    # seed: S24
    def test_grant_write_is_the_right_to_write_the_acl(self):
        bucket = self.source_bucket()
        self.make(bucket, "granted", GrantWrite=f'id="{SECOND_UIN}"')
        self.assertEqual(self.granted(bucket, "granted", "WRITE_ACP"), {principal(SECOND_UIN)})
        self.assert_denied(self.second.get_object, **bucket.at("granted"))
        self.assert_denied(self.sub.put_object_acl, **bucket.at("granted"), ACL="public-read")
        self.second.put_object_acl(**bucket.at("granted"), ACL="public-read")
        self.assertEqual(self.visit(bucket, "granted"), 200)


class OfMultipartCopies(Access, CosTestCase):
    def make(self, bucket, key, **params):
        return self.copy_in_one_part(bucket, key, bucket.source("source"), **params)

    # seed: S23, S72, S74
    def test_unknown_values_are_refused(self):
        bucket = self.source_bucket()
        start = self.root.create_multipart_upload
        for params in ({"ACL": "everybody"}, {"GrantRead": "somebody"}, {"GrantFullControl": 'id="somebody"'}):
            attempt = lambda: self.assert_refused(400, "InvalidArgument", start, **bucket.at("b"), **params)
            self.assert_unchanged([bucket], attempt)
