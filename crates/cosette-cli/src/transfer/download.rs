//! Reading objects: every byte once and in order, over lost connections too, and proved at the end.

use cosette::{Client, CustomerKey, ErrorKind, ObjectReply};
use cosette_types::{ETagMatch, Preconditions, ReadRange, VersionId};
use crc_fast::{CrcAlgorithm, Digest};

use super::given::with_read_conditions;
use super::meter::Meter;
use crate::failure::{Failure, Kind, Result};
use crate::name::CosName;
use crate::output::Progress;

/// How often in a row a reading is taken up again without one more byte.
const FRUITLESS_MAX: u32 = 5;

/// What to read.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub(crate) client: Client,
    pub(crate) name: CosName,
    pub(crate) version_id: Option<VersionId>,
    pub(crate) range: Option<ReadRange>,
    pub(crate) conditions: Preconditions,
    /// The customer's key that it is encrypted with.
    pub(crate) customer_key: Option<CustomerKey>,
}

/// Gives the bytes to `sink`, chunk by chunk. A whole object's are compared with its CRC-64.
///
/// A connection that breaks is taken up where it broke, pinned to the ETag of the beginning: bytes of
/// two objects are never mixed.
pub(crate) async fn each_chunk(
    read: &Read,
    progress: &Progress,
    mut sink: impl FnMut(&[u8]) -> Result<()>,
) -> Result<ObjectReply> {
    let mut first: Option<ObjectReply> = None;
    let mut digest = Digest::new(CrcAlgorithm::Crc64Xz);
    let (mut done, mut fruitless) = (0_u64, 0);
    let mut meter = Meter::new(progress.clone());
    loop {
        let (facts, mut body) = begin(read, first.as_ref(), done).await?;
        let facts = &*first.get_or_insert(facts);
        meter.total(facts.content_length);
        let before = done;
        let broken = loop {
            match body.chunk().await {
                Ok(Some(chunk)) => {
                    digest.update(&chunk);
                    sink(&chunk)?;
                    done += chunk.len() as u64;
                    meter.loaded(done);
                }
                Ok(None) => break None,
                Err(why) => break Some(why),
            }
        };
        if done == facts.content_length {
            meter.end();
            return prove(read, facts, digest.finalize()).map(|()| facts.clone());
        }
        fruitless = if done > before { 0 } else { fruitless + 1 };
        let lost = broken
            .as_ref()
            .is_none_or(|why| matches!(why.kind(), ErrorKind::Network | ErrorKind::Timeout));
        if !lost || fruitless >= FRUITLESS_MAX || done > facts.content_length {
            let told = format!(
                "{}: {done} of {} bytes arrived",
                read.name, facts.content_length
            );
            return Err(match broken {
                Some(why) => Failure::from(why).during(told),
                None => Failure::new(Kind::Network, told),
            });
        }
    }
}

async fn begin(
    read: &Read,
    first: Option<&ObjectReply>,
    done: u64,
) -> Result<(ObjectReply, cosette::Body)> {
    let key = read.name.object_key().map_err(Failure::usage)?;
    let mut call = read.client.get_object().bucket(&read.name.bucket).key(key);
    if let Some(version) = &read.version_id {
        call = call.version_id(version);
    }
    if let Some(key) = &read.customer_key {
        call = call.customer_key(key.clone());
    }
    let (range, conditions) = match first {
        None => (read.range, read.conditions.clone()),
        Some(facts) => (Some(rest(facts, done)), pinned(facts)),
    };
    if let Some(range) = range {
        call = call.range(range);
    }
    let call = with_read_conditions!(call, conditions);
    let reply = call.send().await?;
    if reply.value.object.not_modified {
        let told = format!(
            "{}: its ETag or time is the one you have; nothing was read",
            read.name
        );
        return Err(Failure::new(Kind::Precondition, told));
    }
    Ok((reply.value.object, reply.value.body))
}

/// What is left of a reading that broke after `done` bytes.
fn rest(facts: &ObjectReply, done: u64) -> ReadRange {
    match facts.content_range {
        Some(range) => ReadRange::FromTo(range.first + done, range.last),
        None => ReadRange::From(done),
    }
}

fn pinned(facts: &ObjectReply) -> Preconditions {
    let if_match = Some(ETagMatch::from(facts.etag.clone()));
    Preconditions {
        if_match,
        ..Preconditions::default()
    }
}

fn prove(read: &Read, facts: &ObjectReply, crc64: u64) -> Result<()> {
    match facts.crc64 {
        Some(wanted) if facts.content_range.is_none() && wanted.0 != crc64 => {
            let told = format!(
                "{}: the bytes that arrived have CRC-64 {crc64}, and the object {wanted}; they are not kept",
                read.name
            );
            Err(Failure::new(Kind::Failed, told))
        }
        _ => Ok(()),
    }
}
