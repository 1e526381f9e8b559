//! Oddities of HTTP: request lines, headers, framings, and requests that end too early.

use super::cases::Case;
use crate::harness::{BUCKET, SUFFIX, Server};

pub(super) fn add(server: &Server, cases: &mut Vec<Case>) {
    let host = format!("{BUCKET}.{SUFFIX}");
    request_lines(&host, cases);
    header_lines(&host, cases);
    framings(server, &host, cases);
    hosts(server, cases);
    cuts(server, cases);
}

fn request_lines(host: &str, cases: &mut Vec<Case>) {
    let lines = [
        "GET",
        "GET /",
        "GET / HTTP",
        "GET / HTTP/",
        "GET / HTTP/1",
        "GET / HTTP/1.",
        "GET / HTTP/1.2",
        "GET / HTTP/2.0",
        "GET / HTTP/0.9",
        "GET / HTTP/11",
        "GET / http/1.1",
        "GET / HTTP/1.1 ",
        "GET / FTP/1.1",
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        " GET / HTTP/1.1",
        "\tGET / HTTP/1.1",
        "GET\t/\tHTTP/1.1",
        "/ HTTP/1.1",
        "GET HTTP/1.1",
        " / HTTP/1.1",
        "G=T / HTTP/1.1",
        "GE\"T / HTTP/1.1",
        "GÉT / HTTP/1.1",
        "G(ET / HTTP/1.1",
        "{} / HTTP/1.1",
        "GET \\ HTTP/1.1",
        "GET k HTTP/1.1",
        "GET ?acl HTTP/1.1",
        "GET #a HTTP/1.1",
        "GET * HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "PUT * HTTP/1.1",
        "GET http:// HTTP/1.1",
        "GET http:///k HTTP/1.1",
        "GET ://h/k HTTP/1.1",
        "GET //h:x/k HTTP/1.1",
        "GET http://h:x/ HTTP/1.1",
        "GET http://[::1/ HTTP/1.1",
        "GET http://u:p@h/ HTTP/1.1",
        "GET ftp://h/k HTTP/1.1",
        "GET http://other/k HTTP/1.1",
        "CONNECT h:443 HTTP/1.1",
        "CONNECT / HTTP/1.1",
        "TRACE / HTTP/1.1",
        "PATCH /k HTTP/1.1",
        "BREW /k HTTP/1.1",
        "LINK /k HTTP/1.1",
        "MOVE /k HTTP/1.1",
        "COPY /k HTTP/1.1",
        "PROPFIND / HTTP/1.1",
        "LOCK /k HTTP/1.1",
        "get /k HTTP/1.1",
        "Put /k HTTP/1.1",
        "PUT/k HTTP/1.1",
        "GET /<k> HTTP/1.1",
        "GET /\"k\" HTTP/1.1",
        "GET /k|l HTTP/1.1",
        "GET /k`l HTTP/1.1",
        "GET /k^l HTTP/1.1",
        "GET /k{l} HTTP/1.1",
        "GET /k l HTTP/1.1",
        "GET /%zz HTTP/1.1",
        "GET /% HTTP/1.1",
        "GET /%1 HTTP/1.1",
        "GET /%ff HTTP/1.1",
        "GET /%c0%af HTTP/1.1",
        "GET /%ed%a0%80 HTTP/1.1",
        "GET /%00 HTTP/1.1",
        "GET /k?%zz HTTP/1.1",
        "GET /k?a=%ff HTTP/1.1",
        "GET /\u{7f} HTTP/1.1",
        "GET /\0 HTTP/1.1",
        "PRI * HTTP/2.0",
        "GET /k;a HTTP/1.1;b",
        "\u{16}\u{3}\u{1}\u{2}",
        "SSH-2.0-OpenSSH_9.0",
        "HELO example.com",
        "*1",
        "{\"a\":1}",
        "<a/>",
        "\u{0}\u{0}\u{0}",
    ];
    for line in lines {
        cases.push(Case::raw(
            format!("line {line:?}"),
            format!("{line}\r\nHost: {host}\r\n\r\n"),
        ));
    }
    for method in ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"] {
        let long = format!(
            "{method} /{} HTTP/1.1\r\nHost: {host}\r\n\r\n",
            "a".repeat(40_000)
        );
        cases.push(Case::raw(format!("{method} of a line too long"), long));
        let long = format!(
            "{method} /{} HTTP/1.1\r\nHost: {host}\r\n\r\n",
            "a".repeat(20_000)
        );
        cases.push(Case::raw(format!("{method} of a key too long"), long));
        let long = format!(
            "{} /k HTTP/1.1\r\nHost: {host}\r\n\r\n",
            method.repeat(6000)
        );
        cases.push(Case::raw(format!("{method} many times"), long));
        let query = "a=b&".repeat(5000);
        let long = format!("{method} /k?{query} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        cases.push(Case::raw(format!("{method} of many parameters"), long));
    }
}

fn header_lines(host: &str, cases: &mut Vec<Case>) {
    let lines = [
        "x",
        "x y",
        ":",
        ": v",
        " x: y",
        "\tx: y",
        "x : y",
        "x\t: y",
        "x y: z",
        "x(y): z",
        "x[y]: z",
        "x\"y\": z",
        "é: x",
        "x: a\0b",
        "x: a\u{1}b",
        "x: a\u{8}b",
        "x: a\u{7f}b",
        "x: a\rb",
        "x: a\nb",
        "x: a\n b",
        "x: a\r\n b",
        "x: a\r\n\tb",
        "\0: x",
        "x@y: z",
        "x/y: z",
        "x=y: z",
        "{x}: y",
        "x,y: z",
        "x;y: z",
        "x?y: z",
        "x\\y: z",
        "Content-Length: ",
        "Content-Length: a",
        "Content-Length: -1",
        "Content-Length: +1",
        "Content-Length: 1.0",
        "Content-Length: 1e3",
        "Content-Length: 0x10",
        "Content-Length: 1,1",
        "Content-Length: 1 1",
        "Content-Length: 18446744073709551615",
        "Content-Length: 18446744073709551616",
        "Content-Length: 99999999999999999999999999",
        "Content-Length: 0\r\nContent-Length: 0",
        "Content-Length: 0\r\nContent-Length: 1",
        "Content-Length: 0\r\ncontent-length: 0",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunkedx",
        "Transfer-Encoding: \u{b}chunked",
        "Transfer-Encoding: ",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 0",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 0\r\nTransfer-Encoding: identity",
        "Transfer-Encoding : chunked",
        "Content-Length : 0",
    ];
    for method in ["GET", "PUT", "POST", "DELETE"] {
        for line in lines {
            let head = format!("{method} /k HTTP/1.1\r\nHost: {host}\r\n{line}\r\n\r\n");
            cases.push(Case::raw(format!("{method} with header {line:?}"), head));
        }
    }
    for count in [101, 150, 1000, 5000] {
        let many: String = (0..count).map(|n| format!("h{n}: v\r\n")).collect();
        let head = format!("GET /k HTTP/1.1\r\nHost: {host}\r\n{many}\r\n");
        cases.push(Case::raw(format!("{count} headers"), head));
    }
    for bytes in [33_000, 100_000, 1_000_000] {
        let head = format!(
            "GET /k HTTP/1.1\r\nHost: {host}\r\nx: {}\r\n\r\n",
            "v".repeat(bytes)
        );
        cases.push(Case::raw(format!("a header of {bytes} bytes"), head));
        let head = format!(
            "GET /k HTTP/1.1\r\nHost: {host}\r\n{}: v\r\n\r\n",
            "n".repeat(bytes)
        );
        cases.push(Case::raw(format!("a name of {bytes} bytes"), head));
    }
    for end in ["\n", "\r", "\n\r", "\r\r\n", "\n\n", "\0"] {
        for at in 0..3 {
            let mut ends = ["\r\n"; 3];
            ends[at] = end;
            let head = format!(
                "PUT /k HTTP/1.1{}Host: {host}{}Content-Length: 0{}\r\n",
                ends[0], ends[1], ends[2]
            );
            // Some of these have no end, and so are no request.
            cases.push(Case::cut(format!("line {at} ends with {end:?}"), head));
        }
    }
}

fn framings(server: &Server, host: &str, cases: &mut Vec<Case>) {
    let chunks = [
        "x\r\n",
        "-1\r\n",
        "+3\r\nabc\r\n",
        "0x3\r\nabc\r\n",
        "3\nabc\n0\n\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nab\r\n0\r\n\r\n",
        "ffffffffffffffff\r\n",
        "fffffffffffffffff\r\n",
        "1 \r\nab\r\n0\r\n\r\n",
        "\r\n3\r\nabc\r\n0\r\n\r\n",
        " 3\r\nabc\r\n",
        "3;\0\r\nabcx",
        "3\r\nabc\n\r0\r\n\r\n",
        "0\r\n\n",
        "0\r\na\n\r\n",
        "3\rabc\r\n",
        "\0",
    ];
    for chunk in chunks {
        for path in ["/new", "/k"] {
            let call = server.put(path, "").header("Transfer-Encoding", "chunked");
            let mut bytes = call.written_head("close");
            bytes.extend_from_slice(chunk.as_bytes());
            cases.push(Case {
                is_cut: true,
                ..Case::raw(format!("chunk {chunk:?} to {path}"), bytes)
            });
        }
    }
    // HTTP/1.0 has no chunks, and a body without a length is none.
    for version in ["1.0", "1.1"] {
        let head = format!("PUT /new HTTP/{version}\r\nHost: {host}\r\n\r\n");
        cases.push(Case::raw(
            format!("PUT without a length in {version}"),
            head,
        ));
    }
    for length in [5_368_709_121_u64, 1 << 40, 1 << 62] {
        let call = server
            .call("PUT", "/new")
            .header("Content-Length", length.to_string());
        cases.push(Case::raw(
            format!("PUT of {length} bytes"),
            call.written_head("close"),
        ));
    }
}

fn hosts(server: &Server, cases: &mut Vec<Case>) {
    let hosts = [
        "",
        " ",
        "..",
        ".",
        "-",
        "a b",
        "[::1",
        "::1",
        "%00",
        "é",
        "a/b",
        "a?b",
        "a#b",
        "user@host",
        "host:port",
        "host:99999",
        "host:",
        ":80",
        "a,b",
        "examplebucket-1250000000",
        "cos.ap-guangzhou.myqcloud.com.evil.example",
        "examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com.evil.example",
        "UPPER-1250000000.cos.ap-guangzhou.myqcloud.com",
        "examplebucket.cos.ap-guangzhou.myqcloud.com",
        "-1250000000.cos.ap-guangzhou.myqcloud.com",
        "examplebucket-.cos.ap-guangzhou.myqcloud.com",
        "a..b-1250000000.cos.ap-guangzhou.myqcloud.com",
        ".cos.ap-guangzhou.myqcloud.com",
        "nosuchbucket-1250000000.cos.ap-guangzhou.myqcloud.com",
        "169.254.169.254",
        "localhost",
    ];
    for host in hosts {
        for (method, path) in [
            ("GET", "/k"),
            ("PUT", "/new"),
            ("DELETE", "/k"),
            ("POST", "/up?uploads"),
        ] {
            let body = if method == "GET" {
                ""
            } else {
                "Content-Length: 0\r\n"
            };
            let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{body}\r\n");
            cases.push(Case::raw(format!("{method} at host {host:?}"), head));
        }
    }
    let good = format!("{BUCKET}.{SUFFIX}");
    for (line, header) in [
        (format!("http://{good}/new"), "other.example"),
        (format!("http://{good}/new"), ""),
        (
            format!("http://{good}:80/new"),
            "examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com:81",
        ),
        ("http://other.example/new".to_owned(), good.as_str()),
        ("http://a@b/new".to_owned(), good.as_str()),
    ] {
        let head = format!("PUT {line} HTTP/1.1\r\nHost: {header}\r\nContent-Length: 0\r\n\r\n");
        cases.push(Case::raw(format!("{line} and host {header}"), head));
    }
    let twice = server.put("/new", "x").unsigned("Host", &good);
    cases.push(Case::refused("the same host twice", &twice));
    let none = "PUT /new HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
    cases.push(Case::raw("no host", none));
}

/// A good request that ends too early, wherever: nothing of it is stored.
fn cuts(server: &Server, cases: &mut Vec<Case>) {
    let requests = [
        server.put("/new", "0123456789").header("x-cos-meta-a", "b"),
        server.copy("k", "/new"),
        server.post("/up?uploads", "").header("x-cos-meta-a", "b"),
    ];
    for call in requests {
        let bytes = call.written();
        let step = bytes.len() / 60 + 1;
        for end in (1..bytes.len()).step_by(step).chain([bytes.len() - 1]) {
            cases.push(Case::cut(
                format!("{end} bytes of {}", bytes.len()),
                &bytes[..end],
            ));
        }
    }
}
