//! The corpus of bad input: more requests than anybody would write by hand, made from tables of what
//! has gone wrong elsewhere. Whatever comes, it is answered with an id, never with a failure of the
//! server's own, and the store is as it was before.
#![allow(
    clippy::too_many_lines,
    reason = "what is long here are tables, one value after the other"
)]

mod cases;
mod checksums;
mod documents;
mod forms;
mod heads;
mod signatures;
mod values;

use std::time::Duration;

use crate::harness::{Answer, Server, bytes};
use cases::Case;

/// The corpus may grow; shrinking takes a change here.
const FLOOR: usize = 3_500;
/// Longest wait for an answer; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server with something to lose: objects, versions, an upload with a part.
async fn prepared() -> (Server, String) {
    let server = Server::with_two_buckets().await;
    server.put("/k", "kept").ok().await;
    server.put("/a/b", bytes(100_000, 1)).ok().await;
    server
        .put("/%E4%B8%AD", "kept")
        .header("x-cos-meta-a", "b")
        .ok()
        .await;
    let upload = server.upload("/up").await;
    let part = format!("/up?partNumber=1&uploadId={upload}");
    server.put(&part, bytes(3000, 2)).ok().await;
    (server, upload)
}

/// What is wrong with an answer, if anything is.
fn judged(case: &Case, answer: Option<&Answer>) -> Option<String> {
    let Some(answer) = answer else {
        return (!case.may_be_silent).then(|| "no answer".to_owned());
    };
    let (status, text) = (answer.status, answer.text());
    if status >= 500 && status != 501 {
        return Some(format!("{status} {text}"));
    }
    let ids = ["x-cos-request-id", "x-amz-request-id"];
    if ids.iter().all(|id| answer.header(id).is_none()) {
        return Some(format!("{status} without an id"));
    }
    if !case.is_head && status >= 400 && answer.code().is_empty() {
        return Some(format!("{status} without a document: {text}"));
    }
    (case.is_refused && status < 400).then(|| format!("{status}, not refused"))
}

#[tokio::test]
async fn nothing_that_comes_breaks_the_server_or_changes_the_store() {
    let (server, upload) = prepared().await;
    let mut cases = Vec::new();
    heads::add(&server, &mut cases);
    values::add(&server, &upload, &mut cases);
    documents::add(&server, &upload, &mut cases);
    signatures::add(&server, &mut cases);
    forms::add(&server, &mut cases);
    checksums::add(&server, &upload, &mut cases);
    assert!(cases.len() >= FLOOR, "only {} requests", cases.len());
    let mut before = server.dump().await;
    let mut wrong = Vec::new();
    let mut refused = 0;
    for case in &cases {
        let mut connection = server.connect().await;
        connection.write(&case.bytes).await;
        if case.is_cut {
            connection.finish_writing().await;
        }
        let method = if case.is_head { "HEAD" } else { "GET" };
        let answer = tokio::time::timeout(PATIENCE, connection.answer(method)).await;
        let answer = answer.unwrap_or_else(|_| panic!("{}: no answer in time", case.name));
        refused += usize::from(answer.as_ref().is_some_and(|answer| answer.status >= 400));
        let mut problem = judged(case, answer.as_ref());
        let after = server.dump().await;
        if after != before {
            problem = Some(format!("the store changed: {:?}", answer.map(|a| a.status)));
            before = after;
        }
        wrong.extend(problem.map(|problem| format!("{}: {problem}", case.name)));
    }
    println!("{} requests, {refused} of them refused", cases.len());
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    assert!(
        refused >= FLOOR * 8 / 10,
        "only {refused} of {} were refused",
        cases.len()
    );
    server.end().await;
}
