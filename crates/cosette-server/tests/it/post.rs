//! Forms of browsers: what is stored, how it is answered, and everything that a form may not do.

use cosette_proto::form::{PostPolicy, Sizes, closing};
use cosette_proto::limits::{FORM_BYTES_MAX, FORM_EPILOGUE_BYTES_MAX, FORM_FIELDS_MAX};
use cosette_proto::sign::{Credentials, Validity, sign_form};
use cosette_proto::{Dialect, percent};
use cosette_types::Timestamp;

use crate::harness::{BUCKET, Call, Server, bytes, md5, root, second};

const BOUNDARY: &str = "----WebKitFormBoundaryabc";

/// A form as a browser writes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Form {
    fields: Vec<(String, String)>,
    file: Vec<u8>,
}

impl Form {
    pub(crate) fn of(file: impl AsRef<[u8]>) -> Self {
        Self {
            fields: Vec::new(),
            file: file.as_ref().to_vec(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.fields.push((name.to_owned(), value.into()));
        self
    }

    /// Signed by somebody whose policy allows exactly these fields.
    pub(crate) fn signed(self, dialect: Dialect, server: &Server, by: &Credentials) -> Self {
        let mut policy = until(server, 600);
        for (name, value) in &self.fields {
            policy = policy.equals(name, value.replace("${filename}", "图 1.jpg"));
        }
        self.signed_for(policy, dialect, server, by)
    }

    fn signed_for(
        mut self,
        policy: PostPolicy,
        dialect: Dialect,
        server: &Server,
        by: &Credentials,
    ) -> Self {
        let now = Timestamp::from_secs(server.now());
        let when = (Validity::lasting(now, 900), now);
        self.fields
            .extend(sign_form(by, policy, dialect, "us-east-1", when));
        self
    }

    fn written(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, value) in &self.fields {
            body.extend_from_slice(
                format!(
                    "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                )
                .as_bytes(),
            );
        }
        body.extend_from_slice(
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; \
                 filename=\"图 1.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
            )
            .as_bytes(),
        );
        body.extend_from_slice(&self.file);
        body.extend_from_slice(&closing(BOUNDARY));
        body
    }

    /// The request that a browser makes of it: nobody's, but for what stands in the form.
    pub(crate) fn call<'a>(&self, server: &'a Server) -> Call<'a> {
        raw(server, self.written())
    }
}

fn raw(server: &Server, body: impl AsRef<[u8]>) -> Call<'_> {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    server
        .post("/", body)
        .anonymous()
        .header("Content-Type", kind)
        .header("Referer", "https://example.com/")
}

fn until(server: &Server, secs: u64) -> PostPolicy {
    PostPolicy::until(Timestamp::from_secs(server.now() + secs))
}

#[tokio::test]
async fn a_signed_form_stores_its_file_and_says_so() {
    let server = Server::start().await;
    let file = bytes(300_000, 1);
    for dialect in Dialect::ALL {
        let prefix = ["x-cos-", "x-amz-"][usize::from(dialect == Dialect::S3)];
        let form = Form::of(&file)
            .with("key", "up/${filename}")
            .with("Content-Type", "image/png")
            .with("acl", "public-read")
            .with(&format!("{prefix}meta-author"), "Ann")
            .with(&format!("{prefix}storage-class"), "STANDARD_IA")
            .with("success_action_status", "201");
        let answer = form
            .signed(dialect, &server, &root())
            .call(&server)
            .send()
            .await;
        assert_eq!(answer.status, 201, "{dialect:?} {}", answer.text());
        assert_eq!(answer.value("Bucket"), BUCKET);
        assert_eq!(answer.value("Key"), "up/图 1.jpg");
        assert_eq!(answer.header("ETag"), Some(md5(&file).as_str()));
        assert_eq!(
            answer.header("Location"),
            Some(answer.value("Location").as_str())
        );
        let path = format!("/up/{}", percent::encode("图 1.jpg"));
        assert!(answer.value("Location").ends_with(&path));
        // Whoever filled it in said that everybody may read it.
        let read = server.get(&path).anonymous().ok().await;
        assert_eq!(read.body, file);
        assert_eq!(read.header("Content-Type"), Some("image/png"));
        assert_eq!(read.header("x-cos-meta-author"), Some("Ann"));
        assert_eq!(read.header("x-cos-storage-class"), Some("STANDARD_IA"));
        server.delete(&path).ok().await;
    }
    server.end().await;
}

#[tokio::test]
async fn a_form_may_ask_for_encryption() {
    let server = Server::start().await;
    let file = bytes(100_000, 1);
    let name = "x-cos-server-side-encryption";
    let form = Form::of(&file).with("key", "k").with(name, "AES256");
    let form = form.signed(Dialect::Cos, &server, &root());
    let made = form.call(&server).ok().await;
    assert_eq!(made.header(name), Some("AES256"));
    let read = server.get("/k").ok().await;
    assert_eq!(read.body, file);
    assert_eq!(read.header(name), Some("AES256"));
    let kms = Form::of("new").with("key", "k").with(name, "cos/kms");
    let kms = kms.signed(Dialect::Cos, &server, &root());
    kms.call(&server).refused(501, "NotImplemented").await;
    assert_eq!(server.bytes("/k").await, file);
    server.end().await;
}

#[tokio::test]
async fn how_a_form_is_answered() {
    let server = Server::start().await;
    for (field, value, status) in [
        ("success_action_status", "200", 200),
        ("success_action_status", "201", 201),
        ("success_action_status", "204", 204),
        ("success_action_status", "307", 204),
        ("success_action_status", "", 204),
        (
            "success_action_redirect",
            "https://example.com/a?b=c#d",
            303,
        ),
    ] {
        let form = Form::of("abc").with("key", "k 1").with(field, value);
        let call = form.signed(Dialect::Cos, &server, &root()).call(&server);
        let answer = call.send().await;
        assert_eq!(answer.status, status, "{field} {value}: {}", answer.text());
        assert_eq!(answer.body.is_empty(), status != 201);
        if status == 303 {
            let etag = percent::encode(&md5(b"abc"));
            let wanted =
                format!("https://example.com/a?b=c&bucket={BUCKET}&key=k%201&etag={etag}#d");
            assert_eq!(answer.header("Location"), Some(wanted.as_str()));
        }
    }
    for page in ["javascript:alert(1)", "/a", "//example.com", "http:///a"] {
        let form = Form::of("new")
            .with("key", "k 1")
            .with("success_action_redirect", page);
        form.signed(Dialect::Cos, &server, &root())
            .call(&server)
            .refused(400, "InvalidArgument")
            .await;
    }
    server.end().await;
}

// security: S13
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of forms")]
async fn a_form_that_its_policy_does_not_cover_stores_nothing() {
    let server = Server::start().await;
    server.put("/up/old", "old").ok().await;
    let policy = || {
        until(&server, 600)
            .equals("bucket", BUCKET)
            .starts_with("key", "up/")
            .sizes(Sizes { min: 2, max: 10 })
    };
    for dialect in Dialect::ALL {
        let form = |file: &str, key: &str| Form::of(file).with("key", key);
        let sign = |form: Form, policy: PostPolicy| {
            form.signed_for(policy, dialect, &server, &root())
                .call(&server)
        };
        let denied = "AccessDenied";
        sign(form("abc", "other/a"), policy())
            .refused(403, denied)
            .await;
        sign(form("abc", "up/a").with("acl", "public-read"), policy())
            .refused(403, denied)
            .await;
        sign(form("abc", "up/a").with("x-cos-meta-a", "b"), policy())
            .refused(403, denied)
            .await;
        sign(
            form("abc", "up/a").with("success_action_status", "200"),
            policy(),
        )
        .refused(403, denied)
        .await;
        let elsewhere = until(&server, 600)
            .equals("bucket", "another-1250000000")
            .starts_with("key", "up/");
        sign(form("abc", "up/a"), elsewhere)
            .refused(403, denied)
            .await;
        sign(form("a", "up/a"), policy())
            .refused(400, "EntityTooSmall")
            .await;
        sign(form("0123456789a", "up/a"), policy())
            .refused(400, "EntityTooLarge")
            .await;
        sign(form("0123456789", "up/a"), policy()).ok().await;
        sign(form("ab", "up/a"), policy()).ok().await;
        // A policy whose time is over; a signature that is of something else; one of nobody.
        let good = form("abc", "up/old").signed_for(policy(), dialect, &server, &root());
        let swapped = |name: &str, value: &str| {
            let mut form = good.clone();
            for (field, kept) in &mut form.fields {
                if field.eq_ignore_ascii_case(name) {
                    value.clone_into(kept);
                }
            }
            form.call(&server)
        };
        let signature = ["q-signature", "x-amz-signature"][usize::from(dialect == Dialect::S3)];
        swapped(signature, &"0".repeat(40))
            .refused(403, "SignatureDoesNotMatch")
            .await;
        swapped("policy", "e30=")
            .refused(403, "SignatureDoesNotMatch")
            .await;
        swapped("policy", "").refused(403, denied).await;
        swapped(signature, "").refused(403, denied).await;
        let mut unknown = root();
        unknown.secret_id = "AKIDnobody".to_owned();
        form("abc", "up/old")
            .signed_for(policy(), dialect, &server, &unknown)
            .call(&server)
            .refused(403, "InvalidAccessKeyId")
            .await;
        // Its signer may not write here himself.
        form("abc", "up/old")
            .signed_for(policy(), dialect, &server, &second())
            .call(&server)
            .refused(403, denied)
            .await;
        // The body is cut, or has another file behind.
        let whole = good.written();
        let cut = &whole[..whole.len() - closing(BOUNDARY).len()];
        raw(&server, cut).refused(400, "IncompleteBody").await;
        server.advance(601);
        good.call(&server).refused(403, denied).await;
    }
    // Neither a policy nor a right of one's own.
    Form::of("abc")
        .with("key", "up/old")
        .call(&server)
        .refused(403, "AccessDenied")
        .await;
    assert_eq!(server.bytes("/up/old").await, b"old");
    server.end().await;
}

#[tokio::test]
async fn without_a_policy_a_form_is_its_senders() {
    let server = Server::start().await;
    // The official mini-program SDK signs the request itself, as any other.
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let form = Form::of("abc")
        .with("key", "mine")
        .with("Signature", "q-sign");
    let signed = || {
        server
            .post("/", form.written())
            .header("Content-Type", kind.as_str())
    };
    signed().ok().await;
    assert_eq!(server.bytes("/mine").await, b"abc");
    signed().by(second()).refused(403, "AccessDenied").await;
    // Signed twice it is nobody's.
    let twice = Form::of("new")
        .with("key", "mine")
        .signed(Dialect::Cos, &server, &root());
    server
        .post("/", twice.written())
        .header("Content-Type", kind.as_str())
        .refused(400, "InvalidRequest")
        .await;
    // Everybody may write where everybody may.
    let anonymous = Form::of("public").with("key", "theirs");
    anonymous.call(&server).refused(403, "AccessDenied").await;
    server
        .put("/?acl", "")
        .header("x-cos-acl", "public-read-write")
        .ok()
        .await;
    anonymous.call(&server).ok().await;
    assert_eq!(server.bytes("/theirs").await, b"public");
    // But nobody says by a form who may do what with an object that is not his.
    Form::of("public")
        .with("key", "theirs")
        .with("acl", "public-read")
        .call(&server)
        .refused(403, "AccessDenied")
        .await;
    server.end().await;
}

#[tokio::test]
async fn a_policy_of_the_bucket_sees_what_a_form_says() {
    let server = Server::start().await;
    let deny = format!(
        r#"{{"version":"2.0","statement":[{{"effect":"deny","principal":{{"qcs":["qcs::cam::anyone:anyone"]}},
        "action":["name/cos:PostObject"],"resource":["qcs::cos:ap-guangzhou:uid/1250000000:{BUCKET}/*"],
        "condition":{{"string_equal":{{"cos:x-cos-storage-class":"ARCHIVE"}}}}}}]}}"#
    );
    server.put("/?policy", deny).ok().await;
    let form = |class: &str| {
        Form::of("abc")
            .with("key", "k")
            .with("x-cos-storage-class", class)
            .signed(Dialect::Cos, &server, &root())
    };
    form("STANDARD").call(&server).ok().await;
    form("ARCHIVE")
        .call(&server)
        .refused(403, "AccessDenied")
        .await;
    server.end().await;
}

#[tokio::test]
async fn what_is_no_form_stores_nothing() {
    let server = Server::start().await;
    server.put("/k", "old").ok().await;
    let malformed = "MalformedPOSTRequest";
    server.post("/", "form").refused(400, malformed).await;
    server
        .post("/", "key=k")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .refused(400, malformed)
        .await;
    for body in ["", "x", "--a\r\n", &format!("--{BOUNDARY}")] {
        let answer = raw(&server, body).refused(400, "IncompleteBody").await;
        drop(answer);
    }
    let border = format!("--{BOUNDARY}--\r\n");
    raw(&server, border)
        .refused(400, "IncorrectNumberOfFilesInPostRequest")
        .await;
    let sign = |form: Form| form.signed(Dialect::Cos, &server, &root());
    let call = |form: &Form| form.call(&server);
    call(&sign(Form::of("new")))
        .refused(400, "InvalidArgument")
        .await;
    let twice = sign(Form::of("new").with("key", "k")).with("Key", "j");
    call(&twice).refused(400, malformed).await;
    let long = sign(Form::of("new").with("key", "k".repeat(851)));
    call(&long).refused(400, "KeyTooLong").await;
    call(&sign(Form::of("new").with("key", "/k")))
        .refused(400, "InvalidObjectName")
        .await;
    for (name, value, code) in [
        ("x-cos-storage-class", "GOLD", "InvalidArgument"),
        ("acl", "everything", "InvalidArgument"),
        ("Content-MD5", "abc", "InvalidDigest"),
        ("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA==", "BadDigest"),
        ("x-cos-tagging", "a=1&a=2", "InvalidTag"),
        ("tagging", "<Tagging>", "MalformedXML"),
        ("x-cos-meta-a", "b\r\nc", malformed),
    ] {
        let form = sign(Form::of("new").with("key", "k").with(name, value));
        let refused = call(&form).refused(400, code).await;
        assert!(!refused.text().contains("secret"), "{name}");
    }
    let exists = Form::of("new")
        .with("key", "k")
        .with("x-cos-forbid-overwrite", "true");
    call(&sign(exists)).refused(409, "FileAlreadyExists").await;
    server
        .post("/?acl", "form")
        .refused(405, "MethodNotAllowed")
        .await;
    server.end().await;
}

#[tokio::test]
async fn bounds_of_a_form_on_the_wire() {
    let server = Server::start().await;
    let sign = |form: Form, policy: PostPolicy| {
        form.signed_for(policy, Dialect::Cos, &server, &root())
            .call(&server)
    };
    let policy = || until(&server, 600).starts_with("key", "");
    // The fields that are allowed in all, the file's bytes not among them.
    let (mut form, mut covered) = (Form::of("abc").with("key", "k"), policy());
    while form.fields.len() < FORM_FIELDS_MAX - 5 {
        let name = format!("f{}", form.fields.len());
        covered = covered.starts_with(&name, "");
        form = form.with(&name, "");
    }
    let more = form.clone().with("one-more", "");
    sign(form, covered.clone()).ok().await;
    sign(more, covered.starts_with("one-more", ""))
        .refused(400, "MalformedPOSTRequest")
        .await;
    for times in [1, 1000] {
        let form = Form::of("abc")
            .with("a", "v".repeat(30_000))
            .with("b", "v".repeat(30_000))
            .with("c", "v".repeat(FORM_BYTES_MAX - 60_000).repeat(times));
        let answer = form.call(&server).send().await;
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    // A file is not bound by what fields are.
    let large = Form::of(bytes(FORM_BYTES_MAX * 20, 3)).with("key", "large");
    sign(large.clone(), policy()).ok().await;
    assert_eq!(server.bytes("/large").await, large.file);
    let mut body = Form::of("abc")
        .with("key", "k")
        .signed_for(policy(), Dialect::Cos, &server, &root())
        .written();
    body.resize(body.len() + FORM_EPILOGUE_BYTES_MAX + 1, b' ');
    raw(&server, body)
        .refused(400, "MalformedPOSTRequest")
        .await;
    server.end().await;
}

#[tokio::test]
async fn a_form_in_chunks_and_piece_by_piece() {
    let server = Server::start().await;
    let form =
        Form::of("\r\n--\r\n----WebKit")
            .with("key", "k")
            .signed(Dialect::Cos, &server, &root());
    let call = form.call(&server).header("Transfer-Encoding", "chunked");
    let mut connection = server.connect().await;
    connection.write(&call.written_head("close")).await;
    for piece in form.written().chunks(11) {
        connection
            .write(format!("{:x}\r\n", piece.len()).as_bytes())
            .await;
        connection.write(piece).await;
        connection.write(b"\r\n").await;
    }
    connection.write(b"0\r\n\r\n").await;
    let answer = connection.answer("POST").await.unwrap();
    assert_eq!(answer.status, 204, "{}", answer.text());
    assert_eq!(server.bytes("/k").await, form.file);
    server.end().await;
}
