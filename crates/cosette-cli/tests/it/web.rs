//! Addresses of the web as sources.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::world::{World, cos, text};

/// A server that gives each connection the next of these answers; its address.
fn answering(answers: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept() else {
                return;
            };
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                head.push(byte[0]);
            }
            // Who asks may have gone.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

fn answer(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n{body}")
}

#[test]
fn what_an_address_answers_becomes_an_object() {
    let world = World::with_bucket();
    let url = answering(vec![
        answer("302 Found\r\nlocation: /there?sign=hush", ""),
        answer(
            "200 OK\r\ncontent-length: 5\r\ncontent-type: kind/web",
            "bytes",
        ),
        answer("200 OK\r\ncontent-length: 4", "more"),
    ]);
    let ran = world.ok(&["cp", &format!("{url}/a%20b.txt?sign=hush"), &cos("in/")]);
    assert!(
        !ran.stdout.contains("hush") && !ran.stderr.contains("hush"),
        "{ran:?}"
    );
    assert_eq!(world.bytes("in/a b.txt"), b"bytes");
    assert_eq!(text(&world.stat("in/a b.txt"), "ContentType"), "kind/web");
    let flags = ["--content-type", "kind/mine", "--meta", "from:web"];
    let target = cos("x.bin");
    world.ok(&[&["cp", &format!("{url}/y"), &target][..], &flags].concat());
    assert_eq!(text(&world.stat("x.bin"), "ContentType"), "kind/mine");
}

#[test]
fn an_object_that_somebody_signed_is_read_with_their_signature() {
    let owner = World::with_bucket();
    let bytes = crate::world::noise(3 << 20);
    owner.put("a.bin", &bytes);
    let root = std::fs::read(owner.data().join("root-key.json")).unwrap();
    let root: serde_json::Value = serde_json::from_slice(&root).unwrap();
    let server = owner.serve();
    let owner = owner
        .set("COSETTE_SECRET_ID", text(&root, "secret_id"))
        .set("COSETTE_SECRET_KEY", text(&root, "secret_key"));
    let presign = ["presign", &cos("a.bin"), "--endpoint", &server.url];
    let signed = owner.ok(&presign).stdout;
    let mine = World::with_bucket();
    mine.ok(&["cp", signed.trim(), &cos("mine/")]);
    assert!(mine.bytes("mine/a.bin") == bytes);
}

#[test]
fn what_is_not_whole_or_not_there_leaves_no_object() {
    let world = World::with_bucket();
    let before = world.everything();
    let loops = vec![answer("302 Found\r\nlocation: /again", ""); 8];
    for (answers, code) in [
        (vec![answer("404 Not Found\r\ncontent-length: 0", "")], 3),
        (vec![answer("403 Forbidden\r\ncontent-length: 0", "")], 4),
        (vec![answer("500 Oh\r\ncontent-length: 0", "")], 1),
        (vec![answer("302 Found\r\nlocation: ftp://h/a", "")], 1),
        (loops, 1),
    ] {
        let url = answering(answers);
        world.refused(code, &["cp", &format!("{url}/a?sign=hush"), &cos("a")]);
        assert_eq!(world.everything(), before);
    }
    // It ends before its length.
    let url = answering(vec![answer("200 OK\r\ncontent-length: 9", "short")]);
    let ran = world.run(&["cp", &format!("{url}/a"), &cos("a")]);
    assert_ne!(ran.code, 0);
    assert_eq!(world.everything(), before);
    // Nobody listens; a list of objects or a target it is not.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    world.refused(6, &["cp", &format!("http://{free}/a"), &cos("a")]);
    for words in [
        &["cp", "-r", "http://127.0.0.1:9/a", &cos("a")][..],
        &["cp", &cos("a"), "https://h/a"],
        &["cp", "http://127.0.0.1:9/", &cos("in/")],
        &["cp", "http://id:hush@127.0.0.1:9/a", &cos("a")],
        &["cp", "http://127.0.0.1:9/a", "file"],
    ] {
        let ran = world.run(words);
        assert_eq!(ran.code, 2, "{words:?} {}", ran.stderr);
    }
    assert_eq!(world.everything(), before);
}

#[test]
fn a_form_that_was_signed_is_sent_by_whoever_has_it() {
    let owner = World::with_bucket();
    let root = std::fs::read(owner.data().join("root-key.json")).unwrap();
    let root: serde_json::Value = serde_json::from_slice(&root).unwrap();
    let server = owner.serve();
    let owner = owner
        .set("COSETTE_SECRET_ID", text(&root, "secret_id"))
        .set("COSETTE_SECRET_KEY", text(&root, "secret_key"));
    let target = cos("in/${filename}");
    let presign = [
        "presign",
        "--method",
        "POST",
        &target,
        "--endpoint",
        &server.url,
    ];
    let flags = ["--size-max", "5", "--field", "success_action_status=201"];
    let form = owner.json(&[&presign[..], &flags].concat());
    assert_eq!(send(&form, "a.txt", "bytes"), 201);
    assert_eq!(
        owner
            .ok(&["cat", &cos("in/a.txt"), "--endpoint", &server.url])
            .stdout,
        "bytes"
    );
    assert_eq!(send(&form, "b.txt", "longer"), 400);
    // As lines: where it goes, then its fields.
    let lines = owner.ok(&presign).stdout;
    assert!(
        lines.starts_with(&server.url) && lines.contains("\nkey=in/${filename}\n"),
        "{lines}"
    );
    for wrong in [
        &["presign", &target, "--size-max", "5"][..],
        &["presign", &target, "--field", "acl=private"],
        &["presign", &target, "--method", "POST", "--field", "acl"],
        &[
            "presign",
            &target,
            "--method",
            "POST",
            "--response-content-type",
            "text/plain",
        ],
    ] {
        assert_eq!(owner.run(wrong).code, 2, "{wrong:?}");
    }
}

/// Sends a form as a browser does, with nothing of ours; the status.
fn send(form: &serde_json::Value, name: &str, file: &str) -> u16 {
    let mut body = String::new();
    for (field, value) in form["Fields"].as_object().unwrap() {
        let value = value.as_str().unwrap();
        body.push_str(&format!(
            "--b\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str(&format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{file}\r\n--b--\r\n"
    ));
    let url = text(form, "Url");
    let (host, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let head = format!(
        "POST /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-type: multipart/form-data; boundary=b\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}
