//! Every limit on what one request brings: at it, one beyond it, and a thousand times it. What is refused
//! leaves the store as it was, and what is a thousand times too long is refused long before it is there:
//! here it is announced, and only its beginning is sent.

use std::fmt::Write;

use cosette_proto::{limits as wire, xml::DEPTH_MAX};
use cosette_server::limits as own;
use cosette_types::limits;

use crate::harness::{Call, Server, content_md5};

/// Most bytes of a body that are really sent: more than any document may have.
const SENT_BYTES_MAX: usize = 5 << 20;

/// What is asked with so much of the thing.
type Asked = for<'a> fn(&'a Server, usize) -> Call<'a>;
/// A status and a code.
type Refusal = (u16, &'static str);

struct Border {
    name: &'static str,
    most: usize,
    asked: Asked,
    /// The code at the limit: empty if it is done, another refusal where that needs more than this request.
    at: &'static str,
    beyond: Refusal,
    far_beyond: Refusal,
}

const HEAD: Refusal = (431, "RequestHeaderTooLarge");
const MALFORMED: Refusal = (400, "MalformedXML");

const fn border(name: &'static str, most: usize, asked: Asked, refusals: [Refusal; 2]) -> Border {
    let [beyond, far_beyond] = refusals;
    Border {
        name,
        most,
        asked,
        at: "",
        beyond,
        far_beyond,
    }
}

/// A document of so many elements. Of very many only some are sent, but all are announced.
fn listed<'a>(call: Call<'a>, root: &str, count: usize, item: fn(usize) -> String) -> Call<'a> {
    let (open, close) = (
        format!("<{root}>"),
        format!("</{}>", root.rsplit("><").next().unwrap()),
    );
    let close = match root.split_once("><") {
        Some((outer, _)) => format!("{close}</{outer}>"),
        None => close,
    };
    let mut document = open;
    for n in 0..count {
        write!(document, "{}", item(n)).unwrap();
        if document.len() > SENT_BYTES_MAX {
            let announced = document.len() / (n + 1) * count;
            let call = call.unsigned("Content-Length", &announced.to_string());
            return call.body(document);
        }
    }
    call.body(document + &close)
}

/// A document of so many bytes: blanks before its end.
fn padded<'a>(call: Call<'a>, document: &str, bytes: usize) -> Call<'a> {
    let (head, end) = document.split_at(document.rfind("</").unwrap());
    let mut blank = bytes.saturating_sub(document.len());
    let call = match bytes > SENT_BYTES_MAX {
        true => call.unsigned("Content-Length", &bytes.to_string()),
        false => call,
    };
    blank = blank.min(SENT_BYTES_MAX);
    call.body(format!("{head}{}{end}", " ".repeat(blank)))
}

/// Deletes of many name the MD5 of their document.
fn with_md5(call: Call<'_>) -> Call<'_> {
    let md5 = content_md5(&call.written()[call.written_head("close").len()..]);
    call.header("Content-MD5", md5)
}

const CORS: &str = "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod>\
                    <AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>";

/// What stands in the head of a request, or in its address.
const HEADS: &[Border] = &[
    Border {
        at: "AccessDenied",
        ..border(
            "headers_max",
            own::HEADERS_MAX,
            |server, count| {
                // Beside those that every request here has.
                let call = server.get("/").anonymous();
                (2..count).fold(call, |call, n| call.unsigned(&format!("x{n}"), "v"))
            },
            [HEAD, HEAD],
        )
    },
    Border {
        at: "AccessDenied",
        ..border(
            "head_bytes_max",
            own::HEAD_BYTES_MAX,
            |server, bytes| {
                let call = || server.get("/").anonymous();
                let bare = call().unsigned("x", "").written_head("close").len();
                call().unsigned("x", &"v".repeat(bytes - bare))
            },
            [HEAD, HEAD],
        )
    },
    border(
        "KEY_BYTES_MAX",
        limits::KEY_BYTES_MAX,
        |server, bytes| {
            let put = server.put(&format!("/{}", "k".repeat(bytes)), "");
            // Nothing here could sign what is so long.
            if bytes > own::HEAD_BYTES_MAX {
                put.anonymous()
            } else {
                put
            }
        },
        [(400, "KeyTooLong"), HEAD],
    ),
    border(
        "USER_METADATA_BYTES_MAX",
        limits::USER_METADATA_BYTES_MAX,
        |server, bytes| {
            server
                .put("/k", "")
                .header("x-cos-meta-a", "v".repeat(bytes - 1))
        },
        [(400, "KeyTooLong"), HEAD],
    ),
    border(
        "CONTENT_HEADER_BYTES_MAX",
        limits::CONTENT_HEADER_BYTES_MAX,
        |server, bytes| {
            server
                .put("/k", "")
                .header("cache-control", "v".repeat(bytes))
        },
        [(400, "InvalidArgument"), HEAD],
    ),
    border(
        "LIST_ENTRIES_MAX",
        limits::LIST_ENTRIES_MAX as usize,
        |server, count| server.get(&format!("/?max-keys={count}")),
        [(400, "InvalidArgument"), (400, "InvalidArgument")],
    ),
    Border {
        at: "NoSuchUpload",
        ..border(
            "PART_NUMBER_MAX",
            limits::PART_NUMBER_MAX as usize,
            |server, number| server.put(&format!("/k?partNumber={number}&uploadId=none"), ""),
            [(400, "InvalidArgument"), (400, "InvalidArgument")],
        )
    },
];

/// What stands in a document.
const DOCUMENTS: &[Border] = &[
    border(
        "DOCUMENT_BYTES_MAX",
        wire::DOCUMENT_BYTES_MAX,
        |server, bytes| padded(server.put("/?cors", ""), CORS, bytes),
        [MALFORMED, MALFORMED],
    ),
    Border {
        at: "NoSuchUpload",
        ..border(
            "COMPLETE_DOCUMENT_BYTES_MAX",
            wire::COMPLETE_DOCUMENT_BYTES_MAX,
            |server, bytes| {
                let list = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\
                            39270a968a357d24207e9911162507eb</ETag></Part></CompleteMultipartUpload>";
                padded(server.post("/k?uploadId=none", ""), list, bytes)
            },
            [MALFORMED, MALFORMED],
        )
    },
    Border {
        at: "NoSuchUpload",
        ..border(
            "PART_NUMBER_MAX, listed",
            limits::PART_NUMBER_MAX as usize,
            |server, count| {
                let call = server.post("/k?uploadId=none", "");
                listed(call, "CompleteMultipartUpload", count, |n| {
                    let number = n % 10_000 + 1;
                    format!(
                        "<Part><PartNumber>{number}</PartNumber>\
                         <ETag>39270a968a357d24207e9911162507eb</ETag></Part>"
                    )
                })
            },
            [MALFORMED, MALFORMED],
        )
    },
    border(
        "DELETE_KEYS_MAX",
        limits::DELETE_KEYS_MAX,
        |server, count| {
            with_md5(listed(server.post("/?delete", ""), "Delete", count, |n| {
                format!("<Object><Key>none/{n}</Key></Object>")
            }))
        },
        [MALFORMED, MALFORMED],
    ),
    border(
        "DELETE_DOCUMENT_BYTES_MAX",
        wire::DELETE_DOCUMENT_BYTES_MAX,
        |server, bytes| {
            let one = "<Delete><Object><Key>none</Key></Object></Delete>";
            with_md5(padded(server.post("/?delete", ""), one, bytes))
        },
        [MALFORMED, MALFORMED],
    ),
    border(
        "CORS_RULES_MAX",
        wire::CORS_RULES_MAX,
        |server, count| {
            listed(server.put("/?cors", ""), "CORSConfiguration", count, |n| {
                format!(
                    "<CORSRule><AllowedMethod>GET</AllowedMethod>\
                     <AllowedOrigin>https://{n}.com</AllowedOrigin></CORSRule>"
                )
            })
        },
        [MALFORMED, MALFORMED],
    ),
    border(
        "LIFECYCLE_RULES_MAX",
        wire::LIFECYCLE_RULES_MAX,
        |server, count| {
            listed(
                server.put("/?lifecycle", ""),
                "LifecycleConfiguration",
                count,
                |n| {
                    format!(
                        "<Rule><ID>{n}</ID><Filter><Prefix>{n}/</Prefix></Filter>\
                     <Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>"
                    )
                },
            )
        },
        [MALFORMED, MALFORMED],
    ),
    border(
        "BUCKET_TAGS_MAX",
        limits::BUCKET_TAGS_MAX,
        |server, count| {
            listed(server.put("/?tagging", ""), "Tagging><TagSet", count, |n| {
                format!("<Tag><Key>k{n}</Key><Value>v</Value></Tag>")
            })
        },
        [(400, "InvalidTag"), MALFORMED],
    ),
    Border {
        at: "MalformedXML",
        ..border(
            "DEPTH_MAX",
            DEPTH_MAX,
            |server, depth| {
                let document = format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
                server.put("/?cors", document)
            },
            [MALFORMED, MALFORMED],
        )
    },
    border(
        "RESTORE_DAYS_MAX",
        wire::RESTORE_DAYS_MAX as usize,
        |server, days| {
            let wish = format!("<RestoreRequest><Days>{days}</Days></RestoreRequest>");
            server.post("/archived?restore", wish)
        },
        [(400, "InvalidArgument"), (400, "InvalidArgument")],
    ),
];

#[tokio::test]
async fn each_limit_holds_at_it_beyond_it_and_a_thousand_times_beyond() {
    let server = Server::start().await;
    let archived = server
        .put("/archived", "")
        .header("x-cos-storage-class", "ARCHIVE");
    archived.ok().await;
    let mut wrong = Vec::new();
    for border in HEADS.iter().chain(DOCUMENTS) {
        let before = server.dump().await;
        for (much, refusal) in [
            (border.most + 1, border.beyond),
            (border.most * 1000, border.far_beyond),
        ] {
            let answer = (border.asked)(&server, much).send().await;
            let is = (answer.status, answer.code());
            if (is.0, is.1.as_str()) != refusal {
                wrong.push(format!(
                    "{} of {much}: {is:?}, not {refusal:?}",
                    border.name
                ));
            }
        }
        if server.dump().await != before {
            wrong.push(format!(
                "{}: what was refused changed something",
                border.name
            ));
        }
        let answer = (border.asked)(&server, border.most).send().await;
        if answer.code() != border.at || (border.at.is_empty() && answer.status >= 300) {
            let (name, most) = (border.name, border.most);
            wrong.push(format!(
                "{name} of {most}: {} {}",
                answer.status,
                answer.text()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    server.end().await;
}

#[tokio::test]
async fn a_body_that_is_announced_too_long_is_refused_before_it_comes() {
    let server = Server::start().await;
    let most = limits::PUT_BYTES_MAX;
    let upload = server.upload("/up").await;
    let before = server.dump().await;
    for path in [
        "/k".to_owned(),
        format!("/up?partNumber=1&uploadId={upload}"),
    ] {
        for (bytes, refused) in [(most, false), (most + 1, true), (most * 1000, true)] {
            let put = server.call("PUT", &path).header("Expect", "100-continue");
            let put = put.header("Content-Length", bytes.to_string());
            let mut connection = server.connect().await;
            connection.write(&put.written_head("close")).await;
            let answer = connection.answer("PUT").await.unwrap();
            match refused {
                true => assert_eq!(
                    (answer.status, answer.code().as_str()),
                    (400, "EntityTooLarge")
                ),
                false => assert_eq!(answer.status, 100),
            }
        }
    }
    assert_eq!(server.dump().await, before);
    server.delete(&format!("/up?uploadId={upload}")).ok().await;
    server.end().await;
}
