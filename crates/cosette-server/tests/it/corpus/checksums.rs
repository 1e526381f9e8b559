//! The checksums of S3, in headers and behind bodies, and reads by part numbers.

use super::cases::Case;
use crate::harness::{Call, Server};

const BODY: &str = "123456789";
/// Each algorithm with the checksum of [`BODY`].
const RIGHT: [(&str, &str); 5] = [
    ("crc32", "y/Q5Jg=="),
    ("crc32c", "4waSgw=="),
    ("crc64nvme", "rosUhgp5mIg="),
    ("sha1", "98O8HYCOBHMq32eZZczDTKfuNEE="),
    ("sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
];
const TRAILER: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

pub(super) fn add(server: &Server, upload: &str, cases: &mut Vec<Case>) {
    let part = format!("/up?partNumber=1&uploadId={upload}");
    for target in ["/new", "/k", part.as_str()] {
        headers(server, target, cases);
        trailers(server, target, cases);
    }
    for number in [
        "0",
        "-1",
        "10001",
        "a",
        "",
        "1.5",
        "1,2",
        "%00",
        "99999999999999999999",
    ] {
        for key in ["k", "a/b", "not-there"] {
            let call = s3(server.get(&format!("/{key}?partNumber={number}")));
            cases.push(Case::refused(
                format!("GET part {number:?} of {key}"),
                &call,
            ));
        }
    }
    for mode in ["", "enabled", "DISABLED", "ENABLED,ENABLED", "\u{7f}"] {
        let call = s3(server.get("/k")).header("x-amz-checksum-mode", mode.replace('\u{7f}', "?"));
        cases.push(Case::harmless(format!("checksum mode {mode:?}"), &call));
    }
}

fn s3(call: Call<'_>) -> Call<'_> {
    call.into_s3().v4("UNSIGNED-PAYLOAD")
}

fn headers(server: &Server, target: &str, cases: &mut Vec<Case>) {
    let put = || s3(server.put(target, BODY));
    for (algorithm, right) in RIGHT {
        let name = format!("x-amz-checksum-{algorithm}");
        let zeros = |c: char| if c == '=' { c } else { 'A' };
        let wrong: String = right.chars().map(zeros).collect();
        let values = [
            (wrong, "wrong"),
            (String::new(), "empty"),
            (right.replace('=', ""), "unpadded"),
            (format!("{right}{right}"), "twice"),
            (format!("{right}, {right}"), "a list"),
            (right.to_lowercase() + "!", "no base64"),
            ("0".repeat(8), "hexadecimal"),
            ("A".repeat(64), "too long"),
            ("A".repeat(7_000), "much too long"),
            (String::from("="), "padding"),
        ];
        for (value, what) in values {
            let call = put().header(&name, value);
            cases.push(Case::refused(format!("{target} {name} {what}"), &call));
        }
        for (other, value) in RIGHT {
            if other != algorithm {
                let call = put().header(&name, right);
                let call = call.header(&format!("x-amz-checksum-{other}"), value);
                cases.push(Case::refused(format!("{target} {name} and {other}"), &call));
            }
        }
        let twice = put().header(&name, right).header(&name, right);
        cases.push(Case::refused(format!("{target} {name} said twice"), &twice));
    }
}

/// A body in chunks, with what follows it.
fn trailers(server: &Server, target: &str, cases: &mut Vec<Case>) {
    let put = |body: &str, announced: &str| {
        let call = server.put(target, body).into_s3().v4(TRAILER);
        call.header("x-amz-decoded-content-length", "9")
            .header("x-amz-trailer", announced)
    };
    for (algorithm, right) in RIGHT {
        let name = format!("x-amz-checksum-{algorithm}");
        let chunks = format!("9\r\n{BODY}\r\n0\r\n");
        for (what, body) in [
            ("not there", format!("{chunks}\r\n")),
            ("empty", format!("{chunks}{name}:\r\n\r\n")),
            (
                "wrong",
                format!("{chunks}{name}:{}\r\n\r\n", "A".repeat(right.len())),
            ),
            ("without an end", format!("{chunks}{name}:{right}")),
            ("without a colon", format!("{chunks}{name} {right}\r\n\r\n")),
            (
                "a thousand lines",
                format!("{chunks}{}\r\n", "a:b\r\n".repeat(1_000)),
            ),
            (
                "a long line",
                format!("{chunks}{name}:{}\r\n\r\n", "A".repeat(500_000)),
            ),
            (
                "of another name",
                format!("{chunks}x-amz-checksum-md5:{right}\r\n\r\n"),
            ),
            (
                "of a short body",
                format!("8\r\n12345678\r\n0\r\n{name}:{right}\r\n\r\n"),
            ),
            (
                "of a long body",
                format!("a\r\n{BODY}0\r\n0\r\n{name}:{right}\r\n\r\n"),
            ),
            (
                "of a negative chunk",
                format!("-9\r\n{BODY}\r\n0\r\n{name}:{right}\r\n\r\n"),
            ),
            ("of an endless chunk", format!("ffffffffffffffff\r\n{BODY}")),
            ("of no chunks", format!("{name}:{right}\r\n\r\n")),
        ] {
            let mut case = Case::refused(
                format!("{target} trailer {name} {what}"),
                &put(&body, &name),
            );
            case.is_cut = true;
            cases.push(case);
        }
        let good = format!("{chunks}{name}:{right}\r\n\r\n");
        for announced in [
            "",
            "x-amz-checksum-md5",
            "content-type",
            "x-amz-trailer",
            "\"\"",
            ",",
        ] {
            cases.push(Case::refused(
                format!("{target} trailer {name} announced as {announced:?}"),
                &put(&good, announced),
            ));
        }
        for length in ["", "-1", "a", "8", "10", "99999999999999999999", "9,9"] {
            let call = server.put(target, &good).into_s3().v4(TRAILER);
            let call = call.header("x-amz-trailer", name.clone());
            let call = call.header("x-amz-decoded-content-length", length);
            cases.push(Case::refused(
                format!("{target} trailer {name} of {length:?} bytes"),
                &call,
            ));
        }
        let unsaid = server.put(target, &good).into_s3().v4(TRAILER);
        let unsaid = unsaid.header("x-amz-trailer", name.clone());
        cases.push(Case::refused(
            format!("{target} trailer {name}, no length"),
            &unsaid,
        ));
    }
}
