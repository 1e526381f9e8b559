//! Forms of browsers that are cut, torn, mixed up or too much, each one signed as it should be but for that.

use cosette_proto::Dialect;
use cosette_proto::limits::{
    FORM_BOUNDARY_BYTES_MAX, FORM_BYTES_MAX, FORM_EPILOGUE_BYTES_MAX, FORM_FIELD_BYTES_MAX,
    FORM_FIELDS_MAX, FORM_PART_HEAD_BYTES_MAX,
};

use super::cases::Case;
use crate::harness::{Server, bytes, root};
use crate::post::{BOUNDARY, Form};

/// Names and values that nobody fills in.
const NASTY: [&str; 14] = [
    "",
    " ",
    "\u{0}",
    "\r\n",
    "a\r\nx-cos-acl: public-read",
    "../../k",
    "/k",
    "\\k",
    "\u{1a}",
    "${filename}${filename}",
    "\u{fffd}",
    "%00",
    "<x/>",
    "9223372036854775808",
];

pub(super) fn add(server: &Server, cases: &mut Vec<Case>) {
    for dialect in Dialect::ALL {
        let signed = |form: Form| form.signed(dialect, server, &root());
        let good = || signed(Form::of(bytes(200, 9)).with("key", "posted"));
        fields(server, &format!("{dialect:?} form"), &good(), cases);
        // What its signer has said, and nobody can do.
        for (name, value) in [
            ("acl", "everybody"),
            ("success_action_redirect", "javascript:alert(1)"),
            ("x-cos-storage-class", "TAPE"),
            ("x-amz-storage-class", "TAPE"),
            ("x-cos-server-side-encryption", "cos/kms"),
            ("x-cos-server-side-encryption-customer-key", "short"),
            ("x-amz-server-side-encryption", "aws:kms"),
        ] {
            let ours = ["x-cos-", "x-amz-"][usize::from(dialect == Dialect::S3)];
            if name.starts_with("x-") && !name.starts_with(ours) {
                continue;
            }
            let form = Form::of("abc").with("key", "posted").with(name, value);
            cases.push(Case::refused(
                format!("{dialect:?} form: {name}: {value}"),
                &signed(form).call(server),
            ));
        }
    }
    torn(server, cases);
    too_much(server, cases);
}

/// Each field left out, given twice, and swapped for what it cannot be.
fn fields(server: &Server, what: &str, good: &Form, cases: &mut Vec<Case>) {
    for at in 0..good.fields.len() {
        let name = good.fields[at].0.clone();
        let mut without = good.clone();
        without.fields.remove(at);
        cases.push(Case::refused(
            format!("{what} without {name}"),
            &without.call(server),
        ));
        let mut twice = good.clone();
        let (_, value) = twice.fields[at].clone();
        twice.fields.push((name.clone(), format!("{value}x")));
        cases.push(Case::refused(
            format!("{what} with {name} twice"),
            &twice.call(server),
        ));
        for nasty in NASTY {
            let mut swapped = good.clone();
            nasty.clone_into(&mut swapped.fields[at].1);
            cases.push(Case::refused(
                format!("{what} with {name} {nasty:?}"),
                &swapped.call(server),
            ));
        }
    }
    for more in [
        "acl",
        "x-cos-meta-a",
        "x-amz-meta-a",
        "success_action_status",
        "unheard-of",
    ] {
        let form = good.clone().with(more, "public-read");
        cases.push(Case::refused(
            format!("{what} with {more} that nobody signed"),
            &form.call(server),
        ));
    }
}

/// What is no form at all, or not all of one.
fn torn(server: &Server, cases: &mut Vec<Case>) {
    let form = Form::of(bytes(200, 9)).with("key", "posted");
    let form = form.signed(Dialect::Cos, server, &root());
    let whole = form.call(server).written();
    let head = whole.windows(4).position(|four| four == b"\r\n\r\n");
    let head = head.map_or(0, |at| at + 4);
    let length = whole.len() - head;
    for step in 0..40 {
        let end = head + length * step / 40;
        let name = format!("form cut after {} of {length} bytes", end - head);
        cases.push(Case::cut(name, &whole[..end]));
    }
    // As long as it says, and not a form to its end.
    let body = form.written();
    for step in 0..40 {
        let part = &body[..body.len() * step / 40];
        cases.push(Case::refused(
            format!("form that ends after {} bytes", part.len()),
            &raw(server, part),
        ));
    }
    for kind in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"",
        "multipart/form-data; boundary=other",
        "multipart/form-data; boundary=a; boundary=b",
        "multipart/mixed; boundary=----WebKitFormBoundaryabc",
        "application/x-www-form-urlencoded",
        "text/plain",
        "",
    ] {
        let call = server.post("/", &body).anonymous();
        let call = call.header("Content-Type", kind);
        cases.push(Case::refused(format!("form as {kind:?}"), &call));
    }
    let text = |text: &str| text.replace('\n', "\r\n").replace('#', BOUNDARY);
    for (name, body) in [
        ("nothing", String::new()),
        ("only its end", text("--#--\n")),
        (
            "no file",
            text("--#\nContent-Disposition: form-data; name=\"key\"\n\nposted\n--#--\n"),
        ),
        ("a part without a head", text("--#\n\nposted\n--#--\n")),
        (
            "a part without a name",
            text("--#\nContent-Disposition: form-data\n\nposted\n--#--\n"),
        ),
        (
            "a disposition that is none",
            text("--#\nContent-Disposition: x\n\nposted\n--#--\n"),
        ),
        (
            "a name that does not end",
            text("--#\nContent-Disposition: form-data; name=\"key\n\nx\n--#--\n"),
        ),
        (
            "line feeds alone",
            "--#\nContent-Disposition: form-data; name=\"file\"\n\nx\n--#--\n"
                .replace('#', BOUNDARY),
        ),
        (
            "only a file",
            text(
                "--#\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\n\nx\n--#--\n",
            ),
        ),
    ] {
        cases.push(Case::refused(format!("form of {name}"), &raw(server, body)));
    }
}

/// A thousand times what is allowed, as far as somebody would send it.
fn too_much(server: &Server, cases: &mut Vec<Case>) {
    let form = |make: &dyn Fn(Form) -> Form| {
        make(Form::of("abc").with("key", "posted")).signed(Dialect::Cos, server, &root())
    };
    let many = form(&|mut form| {
        for n in 0..FORM_FIELDS_MAX * 1000 {
            form = form.with(&format!("x-cos-meta-{n}"), "");
        }
        form
    });
    // The policy is left out: it would take as long to write as the fields.
    cases.push(Case::refused(
        "form of 1000 times its fields",
        &many.call(server),
    ));
    let long = "v".repeat(FORM_FIELD_BYTES_MAX * 100);
    let large = Form::of("abc").with("key", "posted").with("acl", long);
    cases.push(Case::refused(
        "form with a field 100 times its length",
        &large.call(server),
    ));
    let large = Form::of("abc").with("key", "k".repeat(FORM_BYTES_MAX));
    cases.push(Case::refused(
        "form larger than its fields may be",
        &large.call(server),
    ));
    let boundary = "b".repeat(FORM_BOUNDARY_BYTES_MAX * 100);
    let call = server.post("/", "x").anonymous();
    let call = call.header(
        "Content-Type",
        format!("multipart/form-data; boundary={boundary}"),
    );
    cases.push(Case::refused(
        "form with a boundary 100 times its length",
        &call,
    ));
    let name = "n".repeat(FORM_PART_HEAD_BYTES_MAX * 1000);
    let body = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
    cases.push(Case::refused(
        "form with a part's head 1000 times its length",
        &raw(server, body),
    ));
    let mut body = form(&|form| form).written();
    body.extend(vec![b'\n'; FORM_EPILOGUE_BYTES_MAX * 100]);
    cases.push(Case::refused(
        "form with much behind its end",
        &raw(server, body),
    ));
}

fn raw<'a>(server: &'a Server, body: impl AsRef<[u8]>) -> crate::harness::Call<'a> {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let call = server.post("/", body).anonymous();
    call.header("Content-Type", kind)
}
