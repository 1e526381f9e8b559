//! `decode(encode(x)) == x`, for every operation's request and reply, over the text of HTTP.

use std::fmt::Debug;

use cosette_proto::{Dialect, OperationName, Style};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::samples::{Sample, for_operation};
use crate::text;

const CASES: u32 = 192;

/// Runs a property; the smallest input that breaks it is in the panic's words.
fn holds<T: Debug>(
    name: OperationName,
    values: impl Strategy<Value = T>,
    property: impl Fn(T) -> Result<(), TestCaseError>,
) {
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    if let Err(broken) = TestRunner::new(config).run(&values, property) {
        panic!("{name}: {broken}");
    }
}

fn request<M: Sample>() {
    holds(M::NAME, M::requests(), |message: M| {
        let sent = message.encode(Dialect::Cos);
        let read = M::decode(&sent, Dialect::Cos);
        prop_assert_eq!(read.as_ref(), Ok(&message));
        for style in [Style::VirtualHosted, Style::Path] {
            let line = text::of_request(&sent, style);
            let (name, received) = text::receive(&line)
                .map_err(|error| TestCaseError::fail(format!("{error} in {style:?}")))?;
            prop_assert_eq!(name, M::NAME);
            prop_assert_eq!(&received.target, &sent.target);
            let read = M::decode(&received, Dialect::Cos);
            prop_assert_eq!(read.as_ref(), Ok(&message));
        }
        Ok(())
    });
}

fn reply<M: Sample>() {
    holds(M::NAME, M::replies(), |reply: M::Reply| {
        let sent = M::encode_reply(&reply, Dialect::Cos);
        let read = M::decode_reply(&sent, Dialect::Cos);
        prop_assert_eq!(read.as_ref(), Ok(&reply));
        let received = text::read_reply(&text::of_reply(&sent));
        let read = M::decode_reply(&received, Dialect::Cos);
        prop_assert_eq!(read.as_ref(), Ok(&reply));
        Ok(())
    });
}

/// In the S3 dialect a few words mean the same as others (a source names no region), so what was read
/// is sent once more and must be the same on the wire.
fn request_in_s3<M: Sample>() {
    const S3: Dialect = Dialect::S3;
    holds(M::NAME, M::requests(), |message: M| {
        let sent = message.encode(S3);
        let read = M::decode(&sent, S3).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&read.encode(S3), &sent);
        for style in [Style::VirtualHosted, Style::Path] {
            let line = text::of_request(&sent, style);
            let (name, received) = text::receive_in(S3, &line)
                .map_err(|error| TestCaseError::fail(format!("{error} in {style:?}")))?;
            prop_assert_eq!(name, M::NAME);
            let again = M::decode(&received, S3);
            prop_assert_eq!(again.as_ref(), Ok(&read));
        }
        Ok(())
    });
}

fn reply_in_s3<M: Sample>() {
    const S3: Dialect = Dialect::S3;
    holds(M::NAME, M::replies(), |reply: M::Reply| {
        let sent = M::encode_reply(&reply, S3);
        let received = text::read_reply(&text::of_reply(&sent));
        let read = M::decode_reply(&received, S3);
        let read = read.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(M::encode_reply(&read, S3), sent);
        Ok(())
    });
}

#[test]
fn every_request_and_reply_arrives_in_the_s3_dialect() {
    for name in OperationName::ALL {
        for_operation!(*name, request_in_s3);
        for_operation!(*name, reply_in_s3);
    }
}

#[test]
fn every_request_arrives_as_it_was() {
    for name in OperationName::ALL {
        for_operation!(*name, request);
    }
}

#[test]
fn every_reply_arrives_as_it_was() {
    for name in OperationName::ALL {
        for_operation!(*name, reply);
    }
}
