"""coscmd: copy and move, of one object and of folders."""

from coscmd_room import CoscmdTestCase
from support import MIB, OTHER_REGION, pattern, quoted_md5, requests_during

FAILED = 255


class CopyAndMove(CoscmdTestCase):
    # seed: S03, S05, S08, S14, S121
    def test_copy(self):
        data = pattern(2 * MIB)
        key = "a/中文 1.jpg"
        self.put(self.room, key, data, ContentType="image/jpeg", Metadata={"x-cos-meta-colour": "blue"})
        self.run_coscmd("copy", f"{self.room.host}/{key}", "b/文件 1.jpg")
        self.assertEqual(self.read(self.room, "b/文件 1.jpg"), data)
        self.assertEqual(self.read(self.room, key), data)
        head = self.head(self.room, "b/文件 1.jpg")
        self.assertEqual((head["Content-Type"], head["x-cos-meta-colour"]), ("image/jpeg", "blue"))
        self.assertEqual(head["ETag"], quoted_md5(data))

    # seed: S09, S16, S84, S109, S130
    def test_copy_from_another_region(self):
        source = self.bucket(region=OTHER_REGION)
        data = pattern(2 * MIB)
        self.put(source, "a/1.jpg", data)
        requests = requests_during(
            [source, self.room], lambda: self.run_coscmd("copy", f"{source.host}/a/1.jpg", "b/1.jpg")
        )
        self.assertEqual([(method, key) for method, key, _ in requests], [("HEAD", "a/1.jpg"), ("PUT", "b/1.jpg")])
        self.assertEqual(self.read(self.room, "b/1.jpg"), data)

    # seed: S28, S39
    def test_copy_with_replaced_headers(self):
        self.put(self.room, "a/1.jpg", b"picture", ContentType="image/jpeg", Metadata={"x-cos-meta-colour": "blue"})
        headers = "{'Content-Type': 'image/png', 'x-cos-meta-shape': 'round'}"
        self.run_coscmd("copy", "-d", "Replaced", "-H", headers, f"{self.room.host}/a/1.jpg", "b/1.jpg")
        head = self.head(self.room, "b/1.jpg")
        self.assertEqual((head["Content-Type"], head["x-cos-meta-shape"]), ("image/png", "round"))
        self.assertNotIn("x-cos-meta-colour", head)

    # seed: S37, S60
    def test_class_change_in_place(self):
        self.put(self.room, "1.jpg", b"picture")
        self.run_coscmd("copy", "-H", "{'x-cos-storage-class': 'STANDARD_IA'}", f"{self.room.host}/1.jpg", "1.jpg")
        self.assertEqual(self.head(self.room, "1.jpg")["x-cos-storage-class"], "STANDARD_IA")
        self.assertIn("STANDARD_IA", self.run_coscmd("list"))
        self.assertEqual(self.read(self.room, "1.jpg"), b"picture")

    # seed: S32, S55
    def test_a_copy_that_fails(self):
        self.put(self.room, "a/1.jpg", b"picture")

        def attempts():
            condition = "{'x-cos-copy-source-If-Match': '\"0\"'}"
            told = self.run_coscmd("copy", "-H", condition, f"{self.room.host}/a/1.jpg", "b/1.jpg", status=FAILED)
            self.assertIn("PreconditionFailed", told)
            told = self.run_coscmd("move", "-H", condition, f"{self.room.host}/a/1.jpg", "b/1.jpg", status=FAILED)
            self.assertIn("PreconditionFailed", told)
            self.run_coscmd("copy", f"{self.room.host}/a/2.jpg", "b/1.jpg", status=FAILED)

        self.assert_unchanged([self.room], attempts)

    # seed: S51, S53, S54, S58
    def test_move(self):
        source = self.bucket()
        self.put(source, "a/1.jpg", b"picture")
        move = lambda: self.run_coscmd("move", f"{source.host}/a/1.jpg", "b/1.jpg")
        requests = requests_during([source, self.room], move)
        self.assertEqual(
            [(method, key) for method, key, _ in requests],
            [("HEAD", "a/1.jpg"), ("PUT", "b/1.jpg"), ("DELETE", "a/1.jpg")],
        )
        self.assert_absent(source, "a/1.jpg")
        self.assertEqual(self.read(self.room, "b/1.jpg"), b"picture")

    # seed: S03, S51
    def test_folders(self):
        source = self.bucket(region=OTHER_REGION)
        names = ["1.jpg", "b/2.jpg", "中文/3 +%.jpg"]
        for name in names:
            self.put(source, f"a/{name}", name.encode())
        self.put(source, "other", b"stays")
        self.run_coscmd("copy", "-r", f"{source.host}/a/", "copied/")
        self.run_coscmd("move", "-r", f"{source.host}/a/", "moved/")
        for folder in ("copied", "moved"):
            for name in names:
                self.assertEqual(self.read(self.room, f"{folder}/{name}"), name.encode())
        self.assertEqual(self.keys(source), ["other"])

    # seed: S03
    def test_synchronising_skips_what_is_there(self):
        source = self.bucket()
        self.put(source, "a/1.txt", b"one", Metadata={"x-cos-meta-md5": quoted_md5(b"one").strip('"')})
        sync = lambda: self.run_coscmd("copy", "-r", "-s", f"{source.host}/a/", "b/")
        copies = lambda requests: [key for method, key, _ in requests if method == "PUT"]
        self.assertEqual(copies(requests_during([self.room], sync)), ["b/1.txt"])
        self.assertEqual(copies(requests_during([self.room], sync)), [])
        self.assertEqual(self.read(self.room, "b/1.txt"), b"one")
