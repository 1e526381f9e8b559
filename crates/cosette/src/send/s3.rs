//! What differs for services of the S3 dialect.

use cosette_proto::dialect::amz;
use cosette_proto::sign;
use cosette_proto::{Dialect, ErrorCode, Field, OperationName, Request, Target};
use cosette_types::Region;
use http::header::{HeaderName, HeaderValue, IF_NONE_MATCH};

use super::{Context, Failed};
use crate::body::Body;
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::reconcile;

/// What a signature names as its region when nothing else is known.
const REGION_DEFAULT: &str = "us-east-1";
/// Longest body that is hashed although its bytes travel encrypted.
const HASHED_BYTES_MAX: usize = 64 << 10;

pub(super) fn region(region: Option<&Region>) -> &str {
    region.map_or(REGION_DEFAULT, Region::as_str)
}

/// The hash of a body that is signed along. Streams and files are not: their bytes are compared by
/// their MD5 or CRC-64, and TLS keeps them whole on the way.
pub(super) fn payload_hash(body: Option<&Body>, encrypted: bool) -> Option<String> {
    let bytes = match body {
        None => Some(&[][..]),
        Some(body) => body.in_memory(),
    };
    let worth = |bytes: &&[u8]| !encrypted || bytes.len() <= HASHED_BYTES_MAX;
    bytes.filter(worth).map(sign::payload_hash)
}

/// Says in words of S3 what COS has words of its own for. True if the request is one that must not
/// replace anything.
pub(super) fn in_its_words(operation: OperationName, request: &mut Request) -> bool {
    if operation == OperationName::HeadObject {
        let mode = HeaderName::from_static(amz::CHECKSUM_MODE);
        let enabled = HeaderValue::from_static(amz::CHECKSUM_MODE_ENABLED);
        request.headers.insert(mode, enabled);
    }
    // A header that the service does not know would be passed over, and the object replaced.
    let forbid = Dialect::S3.name(Field::ForbidOverwrite);
    let forbidden = request
        .headers
        .remove(forbid)
        .is_some_and(|it| it == "true");
    if forbidden {
        request
            .headers
            .insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
    }
    forbidden
}

impl Client {
    /// S3 has one code for every condition that does not hold: whether it was the one on the target,
    /// the target tells.
    pub(super) async fn explained(
        &self,
        context: &Context,
        target: &Target,
        mut failed: Failed,
    ) -> Failed {
        let Target::Object(bucket, key) = target else {
            return failed;
        };
        if failed.error.kind() != ErrorKind::PreconditionFailed {
            return failed;
        }
        let plain = Context {
            region: context.region.clone(),
            ..Context::default()
        };
        let there = Box::pin(reconcile::head(self, &plain, bucket, key, None, None)).await;
        if there.is_ok() {
            let code = ErrorCode::FileAlreadyExists;
            let kind = ErrorKind::of(http::StatusCode::CONFLICT, Some(code.as_str()));
            let error: Error = failed.error;
            failed.error = error.with_code(kind, code, code.message());
        }
        failed
    }
}
