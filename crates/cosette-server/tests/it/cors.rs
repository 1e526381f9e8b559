//! Pages of other origins: rules, preflights, and what every reply to them carries. And what the
//! store says it can do.

use std::fmt::Write as _;

use cosette_proto::limits;

use crate::harness::{OTHER, Server, second};

const PAGE: &str = "https://www.example.com";

fn rules() -> &'static str {
    "<CORSConfiguration>\
     <CORSRule><ID>one</ID><AllowedOrigin>https://*.example.com</AllowedOrigin>\
     <AllowedMethod>PUT</AllowedMethod><AllowedMethod>GET</AllowedMethod>\
     <AllowedHeader>x-cos-*</AllowedHeader><AllowedHeader>content-type</AllowedHeader>\
     <ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-cos-request-id</ExposeHeader>\
     <MaxAgeSeconds>600</MaxAgeSeconds></CORSRule>\
     <CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>HEAD</AllowedMethod></CORSRule>\
     </CORSConfiguration>"
}

#[tokio::test]
async fn rules_are_set_read_and_removed() {
    let server = Server::start().await;
    server
        .get("/?cors")
        .refused(404, "NoSuchCORSConfiguration")
        .await;
    assert_eq!(server.put("/?cors", rules()).ok().await.status, 200);
    let told = server.get("/?cors").ok().await;
    assert!(told.text().ends_with(rules()), "{}", told.text());
    for call in [
        server.get("/?cors"),
        server.put("/?cors", rules()),
        server.delete("/?cors"),
    ] {
        call.clone().by(second()).refused(403, "AccessDenied").await;
        call.anonymous().refused(403, "AccessDenied").await;
    }
    assert_eq!(server.delete("/?cors").ok().await.status, 204);
    server
        .get("/?cors")
        .refused(404, "NoSuchCORSConfiguration")
        .await;
    // An object of that name is never meant.
    server
        .put("/k?cors", rules())
        .refused(405, "MethodNotAllowed")
        .await;
    server.end().await;
}

#[tokio::test]
async fn a_preflight_is_answered_by_the_first_rule_that_allows_all_of_it() {
    let server = Server::with_two_buckets().await;
    server.put("/?cors", rules()).ok().await;
    let ask = |origin: &str, method: &str, headers: &str| {
        let call = server.call("OPTIONS", "/a/1.jpg?append").anonymous();
        let call = call.header("Origin", origin);
        let call = call.header("Access-Control-Request-Method", method);
        if headers.is_empty() {
            call
        } else {
            call.header("Access-Control-Request-Headers", headers)
        }
    };
    let told = ask(PAGE, "PUT", "x-cos-acl, Content-Type").ok().await;
    assert_eq!(told.status, 200);
    for (name, wanted) in [
        ("Access-Control-Allow-Origin", PAGE),
        ("Access-Control-Allow-Methods", "PUT, GET"),
        ("Access-Control-Allow-Headers", "x-cos-acl, Content-Type"),
        ("Access-Control-Expose-Headers", "ETag, x-cos-request-id"),
        ("Access-Control-Max-Age", "600"),
        ("Access-Control-Allow-Credentials", "true"),
        ("Vary", "Origin"),
    ] {
        assert_eq!(told.header(name), Some(wanted), "{name}");
    }
    let told = ask("https://anybody.net", "HEAD", "").ok().await;
    assert_eq!(told.header("Access-Control-Allow-Origin"), Some("*"));
    assert_eq!(told.header("Access-Control-Allow-Credentials"), None);
    for (origin, method, headers) in [
        ("https://anybody.net", "PUT", ""),
        (PAGE, "DELETE", ""),
        (PAGE, "PUT", "range"),
        ("https://example.com.evil", "GET", ""),
    ] {
        let refused = ask(origin, method, headers)
            .refused(403, "AccessForbidden")
            .await;
        assert_eq!(refused.header("Access-Control-Allow-Origin"), None);
    }
    // Without rules nobody may; without an origin nothing was asked.
    let other = ask(PAGE, "GET", "").bucket(OTHER);
    other.refused(403, "AccessForbidden").await;
    let bare = server.call("OPTIONS", "/a").anonymous();
    bare.refused(400, "InvalidArgument").await;
    server.end().await;
}

#[tokio::test]
async fn every_reply_to_a_page_says_that_it_may_be_read_errors_too() {
    let server = Server::start().await;
    server.put("/?cors", rules()).ok().await;
    server.put("/a", "abc").ok().await;
    let (get, put) = (server.get("/a"), server.put("/b", "x"));
    for (call, status) in [
        (get.clone(), 200),
        (put, 200),
        (server.get("/none"), 404),
        (get.clone().anonymous(), 403),
        (get.clone().header("If-None-Match", "*"), 304),
        (get.clone().unsigned("x-cos-acl", "private"), 403),
        (server.put("/c?retention", ""), 501),
    ] {
        let told = call.header("Origin", PAGE).send().await;
        assert_eq!(told.status, status);
        assert_eq!(told.header("Access-Control-Allow-Origin"), Some(PAGE));
        let exposed = told.header("Access-Control-Expose-Headers");
        assert_eq!(exposed, Some("ETag, x-cos-request-id"));
        assert_eq!(
            told.header("Access-Control-Allow-Credentials"),
            Some("true")
        );
        assert_eq!(told.header("Vary"), Some("Origin"));
    }
    let told = get
        .clone()
        .header("Origin", "https://anybody.net")
        .ok()
        .await;
    assert_eq!(told.header("Access-Control-Allow-Origin"), None);
    assert_eq!(told.header("Vary"), Some("Origin"));
    let told = get.ok().await;
    assert_eq!(told.header("Access-Control-Allow-Origin"), None);
    let head = server
        .head("/a")
        .header("Origin", "https://anybody.net")
        .ok()
        .await;
    assert_eq!(head.header("Access-Control-Allow-Origin"), Some("*"));
    server.end().await;
}

#[tokio::test]
async fn rules_have_limits() {
    let server = Server::start().await;
    let many = |count: usize| {
        let mut document = String::from("<CORSConfiguration>");
        for n in 0..count {
            let rule = "<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>";
            write!(document, "{rule}https://{n}.com</AllowedOrigin></CORSRule>").unwrap();
        }
        document + "</CORSConfiguration>"
    };
    let most = limits::CORS_RULES_MAX;
    server.put("/?cors", many(most)).ok().await;
    server
        .put("/?cors", many(most + 1))
        .refused(400, "MalformedXML")
        .await;
    server
        .put("/?cors", many(0))
        .refused(400, "MalformedXML")
        .await;
    let padded = |bytes: usize| {
        let rule = many(1);
        let pad = " ".repeat(bytes - rule.len());
        rule.replace("<CORSRule>", &format!("{pad}<CORSRule>"))
    };
    let most = limits::DOCUMENT_BYTES_MAX;
    server.put("/?cors", padded(most)).ok().await;
    server
        .put("/?cors", padded(most + 1))
        .refused(400, "MalformedXML")
        .await;
    let of = |inner: &str| {
        format!("<CORSConfiguration><CORSRule>{inner}</CORSRule></CORSConfiguration>")
    };
    for (inner, code) in [
        ("<AllowedOrigin>*</AllowedOrigin>", "MalformedXML"),
        ("<AllowedMethod>GET</AllowedMethod>", "MalformedXML"),
        (
            "<AllowedOrigin>*</AllowedOrigin><AllowedMethod>PATCH</AllowedMethod>",
            "InvalidRequest",
        ),
        (
            "<AllowedOrigin>*.a.*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>",
            "InvalidRequest",
        ),
        (
            "<AllowedOrigin>a&#10;b</AllowedOrigin><AllowedMethod>GET</AllowedMethod>",
            "MalformedXML",
        ),
        (
            "<AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>\
             <MaxAgeSeconds>-1</MaxAgeSeconds>",
            "MalformedXML",
        ),
    ] {
        server.put("/?cors", of(inner)).refused(400, code).await;
    }
    server.end().await;
}

#[tokio::test]
async fn the_store_says_what_it_can_do() {
    let server = Server::start().await;
    let ask = server.get("/?cosette-capabilities");
    let told = ask.host("service.cos.myqcloud.com").anonymous().ok().await;
    let names: Vec<_> = told
        .xml()
        .children("Capability")
        .map(|c| c.text.clone())
        .collect();
    for name in [
        "rename",
        "conditional-delete",
        "copy-of-any-size",
        "copy-encryption",
        "versions",
    ] {
        assert!(names.iter().any(|one| one == name), "{name}");
    }
    server.end().await;
}
