"""copy(): this SDK's call for sources of any size, and moves built on it."""

from support import MIB, OTHER_REGION, CosTestCase, client, pattern, quoted_md5, requests_during


def operations(requests):
    """What a log shows, by method and query."""
    names = []
    for method, _, query in requests:
        if method == "POST":
            names.append("init" if "uploads" in query else "complete")
        elif method == "PUT":
            names.append(f"part {query['partNumber'][0]}" if "partNumber" in query else "copy")
        else:
            names.append(method.lower())
    return names


def cutting_client(region, threshold=1):
    """A client that copies in parts from `threshold` bytes on, if the regions or the classes differ."""
    cutting = client("root", region)
    cutting.get_conf().set_copy_part_threshold_size(threshold)
    return cutting


class AdvancedCopy(CosTestCase):
    # seed: S121, S129, S137, S141, S143
    def test_in_one_region_one_request(self):
        source, target = self.bucket(), self.bucket()
        data = pattern(3 * MIB)
        self.put(source, "a/1.jpg", data, Metadata={"x-cos-meta-colour": "blue"})
        replies = []
        copy = lambda: replies.append(self.root.copy(**target.at("b/1.jpg"), CopySource=source.source("a/1.jpg")))
        self.assertEqual(operations(requests_during([source, target], copy)), ["head", "copy"])
        self.assertEqual(replies[0]["ETag"], quoted_md5(data))
        self.assertNotIn("VersionId", replies[0])
        self.assertEqual(self.read(target, "b/1.jpg"), data)
        self.assertEqual(self.head(target, "b/1.jpg")["x-cos-meta-colour"], "blue")

    # seed: S121, S125, S130, S138, S139, S140, S141
    def test_across_regions_in_parts(self):
        source, target = self.bucket(), self.bucket(region=OTHER_REGION)
        data = pattern(3 * MIB + 1)
        self.put(source, "a/1.jpg", data)
        replies = []
        cutting = cutting_client(OTHER_REGION)
        copy = {**target.at("b/目标.jpg"), "CopySource": source.source("a/1.jpg"), "PartSize": 1}
        requests = requests_during([source, target], lambda: replies.append(cutting.copy(**copy)))
        names = operations(requests)
        self.assertEqual([names[0], names[1], names[-1]], ["head", "init", "complete"])
        self.assertEqual(sorted(names[2:-1]), ["part 1", "part 2", "part 3", "part 4"])
        reply = replies[0]
        self.assertRegex(reply["ETag"], r'^"[0-9a-f]{32}-4"$')
        self.assertEqual((reply["Bucket"], reply["Key"]), (target.name, "b/目标.jpg"))
        self.assertTrue(reply["Location"].startswith(f"http://{target.host}/b/"))
        self.assertEqual(self.read(target, "b/目标.jpg"), data)

    # seed: S127, S129, S130
    def test_at_the_threshold(self):
        source, target = self.bucket(), self.bucket(region=OTHER_REGION)
        self.put(source, "a/1.jpg", pattern(2 * MIB))
        for threshold, expected in [
            (2 * MIB + 1, ["copy", "head"]),
            (2 * MIB, ["complete", "head", "init", "part 1", "part 2"]),
        ]:
            cutting = cutting_client(OTHER_REGION, threshold)
            copy = {**target.at("b/1.jpg"), "CopySource": source.source("a/1.jpg"), "PartSize": 1}
            requests = requests_during([source, target], lambda: cutting.copy(**copy))
            self.assertEqual(sorted(operations(requests)), expected)

    # seed: S63, S130
    def test_a_class_change_in_parts(self):
        bucket = self.bucket()
        data = pattern(2 * MIB)
        self.put(bucket, "1.jpg", data)
        cutting = cutting_client("ap-guangzhou")
        onto = {**bucket.at("1.jpg"), "CopySource": bucket.source("1.jpg")}
        reply = cutting.copy(**onto, PartSize=1, StorageClass="STANDARD_IA")
        self.assertRegex(reply["ETag"], r'-2"$')
        self.assertEqual(self.head(bucket, "1.jpg")["x-cos-storage-class"], "STANDARD_IA")
        self.assertEqual(self.read(bucket, "1.jpg"), data)

    # seed: S136
    def test_failures(self):
        source, target = self.bucket(), self.bucket(region=OTHER_REGION)
        self.put(source, "a/1.jpg", pattern(2 * MIB))

        def attempts():
            self.assert_refused(404, None, self.of(target).copy, **target.at("b"), CopySource=source.source("a/2.jpg"))
            second = client("second", OTHER_REGION)
            self.assert_refused(403, None, second.copy, **target.at("b"), CopySource=source.source("a/1.jpg"))

        self.assert_unchanged([source, target], attempts)


class Move(CosTestCase):
    def copy_then_delete(self, cos, copy, deletion):
        cos.copy_object(**copy)
        return cos.delete_object(**deletion)

    # seed: S07, S51, S52, S53, S54, S57
    def test_the_sample(self):
        bucket = self.bucket()
        self.put(bucket, "a/1.jpg", b"picture", Metadata={"x-cos-meta-colour": "blue"})
        copy = {**bucket.at("b/1.jpg"), "CopySource": bucket.source("a/1.jpg")}
        requests = requests_during([bucket], lambda: self.copy_then_delete(self.root, copy, bucket.at("a/1.jpg")))
        self.assertEqual([(method, key) for method, key, _ in requests], [("PUT", "b/1.jpg"), ("DELETE", "a/1.jpg")])
        self.assert_absent(bucket, "a/1.jpg")
        self.assertEqual(self.read(bucket, "b/1.jpg"), b"picture")
        self.assertEqual(self.head(bucket, "b/1.jpg")["x-cos-meta-colour"], "blue")

    # seed: S58
    def test_the_sample_as_written(self):
        source, example = self.bucket(), self.bucket()
        self.put(source, "a/1.jpg", b"picture")
        copy = {**example.at("b/1.jpg"), "CopySource": source.source("a/1.jpg")}
        self.copy_then_delete(self.root, copy, example.at("a/1.jpg"))
        self.assertEqual(self.read(source, "a/1.jpg"), b"picture")
        self.copy_then_delete(self.root, copy, source.at("a/1.jpg"))
        self.assert_absent(source, "a/1.jpg")
        self.assertEqual(self.read(example, "b/1.jpg"), b"picture")

    # seed: S55, S56
    def test_steps_that_fail(self):
        source, theirs = self.bucket(), self.bucket(owner="second")
        self.put(source, "a/1.jpg", b"picture", GrantRead='id="100000000002"')
        copy = {**source.at("b/1.jpg"), "CopySource": source.source("a/1.jpg"), "CopySourceIfMatch": '"0"'}
        move = self.copy_then_delete
        attempt = lambda: self.assert_refused(
            412, "PreconditionFailed", move, cos=self.root, copy=copy, deletion=source.at("a/1.jpg")
        )
        requests = requests_during([source], attempt)
        self.assertEqual([method for method, _, _ in requests], ["PUT"])
        copy = {**theirs.at("b/1.jpg"), "CopySource": source.source("a/1.jpg")}
        self.assert_refused(403, "AccessDenied", move, cos=self.second, copy=copy, deletion=source.at("a/1.jpg"))
        self.assertEqual(self.read(source, "a/1.jpg"), b"picture")
        self.assertEqual(self.read(theirs, "b/1.jpg", by=self.second), b"picture")

    # seed: S59
    def test_a_move_in_parts(self):
        source, target = self.bucket(), self.bucket(region=OTHER_REGION)
        data = pattern(2 * MIB + 1)
        self.put(source, "a/1.jpg", data)
        cutting_client(OTHER_REGION).copy(**target.at("b/1.jpg"), CopySource=source.source("a/1.jpg"), PartSize=1)
        self.root.delete_object(**source.at("a/1.jpg"))
        self.assert_absent(source, "a/1.jpg")
        self.assertEqual(self.read(target, "b/1.jpg"), data)
