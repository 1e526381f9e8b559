"""Lifecycle rules: set, told and removed."""

from support import CosTestCase

RULES = [
    {
        "ID": "logs",
        "Filter": {"And": {"Prefix": "logs/", "Tag": [{"Key": "kind", "Value": "log"}]}},
        "Status": "Enabled",
        "Transition": [{"Days": "30", "StorageClass": "STANDARD_IA"}, {"Days": "90", "StorageClass": "ARCHIVE"}],
        "Expiration": {"Days": "365"},
    },
    {
        "ID": "rest",
        "Filter": {"Prefix": "old/"},
        "Status": "Disabled",
        "NoncurrentVersionTransition": [{"NoncurrentDays": "7", "StorageClass": "DEEP_ARCHIVE"}],
        "NoncurrentVersionExpiration": {"NoncurrentDays": "30"},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": "3"},
    },
]


def sorted_rule(rule):
    """The SDK gives a single tag below `And` as no list."""
    both = rule["Filter"].get("And")
    if both and isinstance(both["Tag"], dict):
        rule["Filter"]["And"]["Tag"] = [both["Tag"]]
    return rule


class Lifecycle(CosTestCase):
    def rules(self, bucket):
        told = self.root.get_bucket_lifecycle(Bucket=bucket.name)
        return [sorted_rule(rule) for rule in told["Rule"]]

    def assert_none(self, bucket):
        none = "NoSuchLifecycleConfiguration"
        self.assert_refused(404, none, self.root.get_bucket_lifecycle, Bucket=bucket.name)

    def test_rules_come_back_as_they_were_set(self):
        bucket = self.bucket()
        self.assert_none(bucket)
        self.root.put_bucket_lifecycle(Bucket=bucket.name, LifecycleConfiguration={"Rule": RULES})
        self.assertEqual(self.rules(bucket), RULES)
        self.root.delete_bucket_lifecycle(Bucket=bucket.name)
        self.assert_none(bucket)

    def test_a_moment_in_beijing(self):
        bucket = self.bucket()
        rule = {"ID": "a", "Filter": {"Prefix": ""}, "Status": "Enabled"}
        rule["Expiration"] = {"Date": "2030-01-01T00:00:00+08:00"}
        self.root.put_bucket_lifecycle(Bucket=bucket.name, LifecycleConfiguration={"Rule": [rule]})
        told = self.rules(bucket)
        self.assertEqual(told[0]["Expiration"], {"Date": "2029-12-31T16:00:00Z"})

    def test_what_is_not_understood_changes_nothing(self):
        bucket = self.bucket()
        put = self.root.put_bucket_lifecycle
        put(Bucket=bucket.name, LifecycleConfiguration={"Rule": RULES})
        no_action = {"ID": "b", "Filter": {"Prefix": ""}, "Status": "Enabled"}
        for rules, code in [
            ([RULES[0], RULES[0]], "InvalidArgument"),
            ([no_action], "InvalidRequest"),
            ([{**RULES[0], "Unheard": "of"}], "MalformedXML"),
        ]:
            rules = {"Rule": rules}
            self.assert_refused(400, code, put, Bucket=bucket.name, LifecycleConfiguration=rules)
        self.assert_refused(
            403, "AccessDenied", self.second.put_bucket_lifecycle, Bucket=bucket.name, LifecycleConfiguration={"Rule": RULES}
        )
        self.assertEqual(self.rules(bucket), RULES)
