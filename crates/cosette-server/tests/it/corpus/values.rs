//! Values of parameters and headers that mean something, out of their bounds in every way.

use super::cases::Case;
use crate::harness::{BUCKET, OTHER, SUFFIX, Server};

pub(super) fn add(server: &Server, upload: &str, cases: &mut Vec<Case>) {
    keys(server, cases);
    copy_sources(server, upload, cases);
    ranges(server, upload, cases);
    parameters(server, upload, cases);
    sub_resources(server, cases);
    headers(server, upload, cases);
}

fn keys(server: &Server, cases: &mut Vec<Case>) {
    let long = "k".repeat(851);
    let longer = "k".repeat(20_000);
    let chinese = "%E4%B8%AD".repeat(284);
    let bad = [
        "/%00",
        "/a%00b",
        "/%18",
        "/a%19",
        "/%1A",
        "/%1Bx",
        "//a",
        "//",
        "/%2Fa",
        "/%5Ca",
        "/%5C",
        long.as_str(),
        longer.as_str(),
        chinese.as_str(),
    ];
    for key in bad {
        let path = if key.starts_with('/') {
            key.to_owned()
        } else {
            format!("/{key}")
        };
        let shown = path.get(..30).unwrap_or(&path).to_owned();
        for call in [
            server.put(&path, "x"),
            server.copy("k", &path),
            server.post(&format!("{path}?uploads"), ""),
            server
                .put(&format!("{path}?rename"), "")
                .header("x-cos-rename-source", "/k"),
            server.put(&format!("{path}?partNumber=1&uploadId=x"), "x"),
        ] {
            cases.push(Case::refused(format!("{call:.0?} key {shown}"), &call));
        }
        for method in ["GET", "HEAD", "DELETE"] {
            cases.push(Case::harmless(
                format!("{method} key {shown}"),
                &server.call(method, &path),
            ));
        }
    }
    // Ordinary bytes to us; others walked out of their folders with them.
    for key in [
        "/..",
        "/../k",
        "/./k",
        "/a/../k",
        "/%2e%2e/k",
        "/..%2Fk",
        "/a//b",
        "/k/",
        "/k%2F",
        "/%7E",
        "/~root",
        "/C:%5Ck",
        "/CON",
        "/k%20",
        "/%EF%BB%BFk",
        "/%E2%80%AEk",
        "/K",
        "/%252e",
        "/k%3Facl",
        "/k%23",
        "/.cosette",
        "/etc/passwd",
        "/%F0%9F%98%80",
        "/*",
        "/k%0A",
        "/k%0D%0Ax:y",
    ] {
        for method in ["GET", "HEAD", "DELETE"] {
            cases.push(Case::harmless(
                format!("{method} {key}"),
                &server.call(method, key),
            ));
        }
    }
}

fn copy_sources(server: &Server, upload: &str, cases: &mut Vec<Case>) {
    let host = format!("{BUCKET}.{SUFFIX}");
    let mut sources: Vec<String> = [
        "",
        "/",
        "//",
        "///",
        " ",
        "k",
        "/k",
        "//k",
        ".",
        "..",
        "../k",
        "?",
        "?versionId=null",
        "%",
        "%zz",
        "%2F",
        "%00",
        "#",
        "k?acl",
        "http:",
        "http://",
        "http:///k",
        "ftp://h/k",
        "file:///etc/passwd",
        "javascript:1",
        "data:,x",
        "127.0.0.1/k",
        "127.0.0.1:80/k",
        "[::1]/k",
        "localhost/k",
        "169.254.169.254/latest/meta-data/",
        "metadata.google.internal/x",
        "@/k",
        "a@b/k",
        "a:b@c/k",
        "a b/k",
        "évil.example/k",
        "evil.example/k",
        "a\\b/k",
        "\\k",
        "\\\\h\\k",
        "*",
        "*/k",
        "null",
        "undefined",
        "[object Object]",
    ]
    .map(str::to_owned)
    .to_vec();
    for suffix in [
        "",
        "/",
        "//",
        "/?",
        "/%",
        "/%zz",
        "/%ff",
        "/%00",
        "/none",
        "/k?versionId=",
        "/k?versionId=none",
        "/k?versionId=a&versionId=b",
        "/k?versionId=%zz",
        "/k?uploadId=x",
        "/k?acl",
        "/k?a=b",
        ":443/k",
        ":x/k",
        ".evil.example/k",
        "./k",
        "@evil.example/k",
        "/%18",
        "/%2Fk%",
        "%2Fk",
        "/../k/x",
        "/k#f",
        "/k?",
        "/k?versionId",
    ] {
        sources.push(format!("{host}{suffix}"));
        sources.push(format!("https://{host}{suffix}"));
        sources.push(format!("/{BUCKET}{suffix}x"));
    }
    sources.push(format!("{host}/{}", "k".repeat(851)));
    sources.push(format!("{host}/{}", "k".repeat(20_000)));
    sources.push(format!("nosuch-1250000000.{SUFFIX}/k"));
    sources.push(format!("nosuch.{SUFFIX}/k"));
    sources.push(format!("{BUCKET}.cos.xx.evil.com/k"));
    sources.push(format!("{OTHER}.{SUFFIX}/none"));
    for source in sources {
        let shown = source.get(..60).unwrap_or(&source).to_owned();
        // A source that is there may be found by several ways to write it, so its copy may succeed:
        // it is asked to onto a bucket that is not there.
        for (path, bucket) in [
            ("/new".to_owned(), "nosuchbucket-1250000000"),
            (format!("/up?partNumber=2&uploadId={upload}x"), BUCKET),
            (format!("/new?partNumber=2&uploadId={upload}"), BUCKET),
        ] {
            let call = server.copy_from(&source, &path).bucket(bucket);
            cases.push(Case::refused(
                format!("copy of {shown:?} to {bucket}{path}"),
                &call,
            ));
        }
    }
    for source in [
        "",
        "/",
        "//",
        "none",
        "/none",
        "k%",
        "/k%zz",
        "/%00",
        "/k?versionId=none",
        "http://evil.example/k",
        "/k/../none",
    ] {
        let rename = server
            .put("/new?rename", "")
            .header("x-cos-rename-source", source);
        cases.push(Case::refused(format!("rename of {source:?}"), &rename));
    }
}

/// Ways to write a range that none may be read from, or not this one.
const RANGES: [&str; 34] = [
    "",
    "x",
    "bytes",
    "bytes=",
    "bytes=-",
    "bytes=--1",
    "bytes=a-b",
    "bytes=1",
    "bytes=2-1",
    "bytes=0-0,2-3",
    "bytes=0-1,",
    "bytes=,",
    "bytes= 0-1",
    "bytes=0 -1",
    "bytes=0- 1",
    "bytes=0x0-0x1",
    "bytes=+0-1",
    "bytes=-0",
    "bytes=1.0-2",
    "bytes=1e3-2e3",
    "bytes=99999999-",
    "bytes=99999999-99999999",
    "bytes=18446744073709551615-",
    "bytes=18446744073709551616-",
    "bytes=0-18446744073709551616",
    "bytes=99999999999999999999999-1",
    "Bytes=0-1x",
    "chars=0-1",
    "bytes:0-1",
    "0-1",
    "bytes=\u{660}-\u{661}",
    "bytes=0-1;q=1",
    "bytes=0–1",
    "none=",
];

fn ranges(server: &Server, upload: &str, cases: &mut Vec<Case>) {
    for range in RANGES {
        for path in ["/k", "/a/b", "/none"] {
            for method in ["GET", "HEAD"] {
                let call = server.call(method, path).header("Range", range);
                cases.push(Case::harmless(
                    format!("{method} {path} range {range:?}"),
                    &call,
                ));
            }
        }
        if !range.is_empty() {
            let part = server
                .copy_part("k", "/up", upload, 2)
                .header("x-cos-copy-source-range", range);
            cases.push(Case::refused(format!("copy of range {range:?}"), &part));
        }
    }
}

const NUMBERS: [&str; 18] = [
    "-1",
    "x",
    "1x",
    "1.5",
    "1e2",
    "0x1",
    " ",
    "+",
    "--1",
    "99999999999999999999",
    "18446744073709551616",
    "\u{661}",
    "NaN",
    "null",
    "1,2",
    "1;2",
    "%00",
    "%2d1",
];

fn parameters(server: &Server, upload: &str, cases: &mut Vec<Case>) {
    for number in NUMBERS {
        let number = number.replace(' ', "%20").replace('\u{661}', "%D9%A1");
        for path in [
            format!("/?max-keys={number}"),
            format!("/?versions&max-keys={number}"),
            format!("/?uploads&max-uploads={number}"),
            format!("/up?uploadId={upload}&max-parts={number}"),
            format!("/up?uploadId={upload}&part-number-marker={number}"),
        ] {
            cases.push(Case::harmless(format!("GET {path}"), &server.get(&path)));
        }
        let part = server.put(&format!("/up?uploadId={upload}&partNumber={number}"), "x");
        cases.push(Case::refused(format!("part number {number}"), &part));
        let part = server.copy_from("x", &format!("/up?uploadId={upload}&partNumber={number}"));
        cases.push(Case::refused(format!("copied part number {number}"), &part));
    }
    for number in ["0", "10001", "65536", "4294967297"] {
        let part = server.put(&format!("/up?uploadId={upload}&partNumber={number}"), "x");
        cases.push(Case::refused(format!("part number {number}"), &part));
    }
    for id in [
        "",
        "x",
        "%00",
        "..",
        "%zz",
        "%ff",
        "a%2Fb",
        &"9".repeat(5000),
        &format!("{upload}x"),
    ] {
        let shown = id.get(..20).unwrap_or(id).to_owned();
        for call in [
            server.put(&format!("/up?partNumber=1&uploadId={id}"), "x"),
            server.post(&format!("/up?uploadId={id}"), "<CompleteMultipartUpload/>"),
            server.delete(&format!("/up?uploadId={id}")),
            server.get(&format!("/up?uploadId={id}")),
            server.delete(&format!("/k?versionId={id}x")),
            server.get(&format!("/k?versionId={id}x")),
            server.head(&format!("/k?versionId={id}x")),
        ] {
            // Some of these cannot be signed, for they cannot be read.
            if id.contains("%zz") || id.contains("%ff") {
                continue;
            }
            cases.push(Case::refused(format!("id {shown:?}"), &call));
        }
    }
    for pair in [
        "versionId=null&versionid=null",
        "partNumber=1&partnumber=1&uploadId=x",
        "acl&ACL",
        "uploads&uploads",
        "delete&delete",
        "rename&rename",
    ] {
        for call in [
            server.put(&format!("/k?{pair}"), "x"),
            server.delete(&format!("/k?{pair}")),
            server.post(&format!("/k?{pair}"), "x"),
            server.get(&format!("/k?{pair}")),
        ] {
            cases.push(Case::refused(format!("twice {pair}"), &call));
        }
    }
    for query in [
        "encoding-type=x",
        "encoding-type=URL2",
        "delimiter=%00",
        "marker=%ff",
        "prefix=%zz",
        "prefix=%ff",
        "key-marker=%00",
        "response-content-type=%0d%0aX:y",
        "response-expires=%00",
    ] {
        let path = format!("/?{query}");
        let head = format!("GET {path} HTTP/1.1\r\nHost: {BUCKET}.{SUFFIX}\r\n\r\n");
        cases.push(Case::raw(format!("anonymous {path}"), head));
    }
}

/// What nobody knows, and what the real service has and we may not have: with a body that none of
/// them takes.
fn sub_resources(server: &Server, cases: &mut Vec<Case>) {
    let names = [
        "unheard-of",
        "accelerate",
        "analytics",
        "asyncfetch",
        "attributes",
        "cors",
        "domain",
        "domaincertificate",
        "intelligent-tiering",
        "inventory",
        "legal-hold",
        "lifecycle",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "origin",
        "ownershipControls",
        "policy",
        "publicAccessBlock",
        "referer",
        "replication",
        "requestPayment",
        "restore",
        "retention",
        "select",
        "symlink",
        "tagging",
        "torrent",
        "website",
        "x-cos-unknown",
        "X-AMZ-unknown",
        "ci-process",
        "imageMogr2",
        "cosette-unknown",
    ];
    for name in names {
        for (place, path) in [
            ("bucket", format!("/?{name}")),
            ("object", format!("/k?{name}")),
        ] {
            let put = server.put(&path, "not what it takes");
            cases.push(Case::refused(format!("PUT {place} {name}"), &put));
            let post = server.post(&path, "not what it takes");
            cases.push(Case::refused(format!("POST {place} {name}"), &post));
            cases.push(Case::harmless(
                format!("GET {place} {name}"),
                &server.get(&path),
            ));
        }
    }
}

fn headers(server: &Server, upload: &str, cases: &mut Vec<Case>) {
    let long = "v".repeat(3000);
    let bad: Vec<(&str, String)> = [
        ("Content-MD5", "x"),
        ("Content-MD5", "AAAA"),
        ("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg"),
        ("Content-MD5", "d41d8cd98f00b204e9800998ecf8427e"),
        ("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg== "),
        ("Content-MD5", "!!!!!!!!!!!!!!!!!!!!!!=="),
        ("x-cos-acl", "x"),
        ("x-cos-acl", "public"),
        ("x-cos-acl", "PRIVATE-ish"),
        ("x-cos-acl", "private,public-read"),
        ("x-cos-grant-read", "x"),
        ("x-cos-grant-read", "id="),
        ("x-cos-grant-read", "id=\""),
        ("x-cos-grant-read", "id=\"x\""),
        ("x-cos-grant-write", "id=\"qcs::cam::uin/x:uin/y\""),
        ("x-cos-grant-full-control", "uri=\"http://x\""),
        ("x-cos-storage-class", "x"),
        ("x-cos-storage-class", "STANDARD,ARCHIVE"),
        ("x-cos-storage-class", "STANDARD_IA "),
        ("x-cos-storage-class", "\u{e9}"),
        ("x-cos-forbid-overwrite", "x"),
        ("x-cos-forbid-overwrite", "1"),
        ("x-cos-server-side-encryption", "x"),
        ("x-cos-server-side-encryption", "AES512"),
        ("x-cos-server-side-encryption-customer-algorithm", "AES256"),
        ("x-cos-server-side-encryption-customer-key", "x"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into_iter()
    .chain([("x-cos-meta-long", long)])
    .collect();
    for (name, value) in bad {
        let shown = value.get(..20).unwrap_or(&value).to_owned();
        // None of these may be taken with a bad value, by whatever way a version is made; a bad
        // value of a header that an operation does not have is not looked at.
        let is_digest = name == "Content-MD5";
        let put = server.put("/new", "x").header(name, &value);
        if value.trim() == "STANDARD_IA" || value.starts_with("1B2M2Y8AsgTpgAmY7PhCfg==") {
            continue;
        }
        cases.push(Case::refused(format!("PUT with {name}: {shown}"), &put));
        if is_digest {
            let part = server
                .put(&format!("/up?partNumber=1&uploadId={upload}"), "x")
                .header(name, &value);
            cases.push(Case::refused(format!("part with {name}: {shown}"), &part));
        } else if !name.contains("forbid") && !name.contains("encryption") {
            let initiate = server.post("/up?uploads", "").header(name, &value);
            cases.push(Case::refused(
                format!("upload with {name}: {shown}"),
                &initiate,
            ));
            let copy = server
                .copy("k", "/new")
                .header("x-cos-metadata-directive", "Replaced")
                .header(name, &value);
            cases.push(Case::refused(format!("copy with {name}: {shown}"), &copy));
        }
    }
    for (name, value) in [
        ("x-cos-metadata-directive", "x"),
        ("x-cos-metadata-directive", "Copy,Replaced"),
        ("x-cos-tagging-directive", "x"),
        ("x-cos-server-side-encryption-directive", "x"),
        ("x-cos-server-side-encryption-directive", "Replaced"),
        ("x-cos-copy-source-If-Match", "\"other\""),
        (
            "x-cos-copy-source-If-Unmodified-Since",
            "Mon, 06 May 2002 07:08:09 GMT",
        ),
        ("x-cos-copy-source-If-None-Match", "*"),
        (
            "x-cos-copy-source-If-Modified-Since",
            "Mon, 06 May 2024 07:08:09 GMT",
        ),
    ] {
        let copy = server.copy("k", "/new").header(name, value);
        cases.push(Case::refused(format!("copy with {name}: {value}"), &copy));
    }
    for date in [
        "x",
        "0",
        "-1",
        "Mon, 99 May 2024 07:08:09 GMT",
        "2024-05-06",
        "Mon, 06 May 99999 07:08:09 GMT",
        "\u{e9}",
    ] {
        for name in [
            "If-Modified-Since",
            "If-Unmodified-Since",
            "If-Match",
            "If-None-Match",
            "If-Range",
        ] {
            for method in ["GET", "HEAD"] {
                let call = server.call(method, "/k").header(name, date);
                cases.push(Case::harmless(format!("{method} {name}: {date}"), &call));
            }
        }
    }
    let long = "t".repeat(65);
    let longer = "t".repeat(20_000);
    for token in [long.as_str(), longer.as_str()] {
        let rename = server
            .put("/new?rename", "")
            .header("x-cos-rename-source", "/k")
            .header("x-cos-client-token", token);
        cases.push(Case::refused("a client token too long", &rename));
    }
    for name in [
        "x-cos-acl",
        "x-cos-storage-class",
        "Content-MD5",
        "x-cos-copy-source",
    ] {
        let twice = server.put("/new", "x").header(name, "a").header(name, "b");
        cases.push(Case::refused(format!("{name} twice"), &twice));
    }
}
