//! What arrived, compared with what the service tells of the object's bytes.

use cosette_proto::Dialect;
use cosette_proto::ops::ObjectReply;
use cosette_proto::sign::{ChecksumAlgorithm, RunningChecksum, checksum_header};
use cosette_types::{Crc64, Md5};

use crate::checksum::Summing;
use crate::error::{Error, ErrorKind};
use crate::proof::{self, Proof};
use crate::reply::Output;

/// Compares bytes that come in order.
pub(super) struct Verifier {
    summing: Summing,
    wanted: Wanted,
}

/// The strongest that the service told.
enum Wanted {
    Crc64(Crc64),
    Checksum(RunningChecksum, String),
    Md5(Md5),
    Nothing,
}

impl Verifier {
    /// By what is told of the object.
    pub(super) fn of(object: &Output<ObjectReply>, dialect: Dialect) -> Self {
        let checksum = || {
            ChecksumAlgorithm::ALL.into_iter().find_map(|algorithm| {
                let value = proof::checksum(&object.headers, checksum_header(algorithm))?;
                Some(Wanted::Checksum(
                    RunningChecksum::new(algorithm),
                    value.to_owned(),
                ))
            })
        };
        let md5 = || {
            let tells = proof::tag_is_md5(object, dialect);
            object.etag.md5().filter(|_| tells).map(Wanted::Md5)
        };
        let wanted = object.crc64.map(Wanted::Crc64);
        let wanted = wanted.or_else(checksum).or_else(md5);
        let wanted = wanted.unwrap_or(Wanted::Nothing);
        Self {
            summing: Summing::new(matches!(wanted, Wanted::Md5(_))),
            wanted,
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.wanted {
            Wanted::Checksum(running, _) => running.update(bytes),
            Wanted::Crc64(_) | Wanted::Md5(_) => self.summing.update(bytes),
            Wanted::Nothing => {}
        }
    }

    /// # Errors
    /// [`ErrorKind::Corrupt`] when other bytes arrived than the service has.
    pub(super) fn end(self, subject: &str) -> Result<Proof, Error> {
        let sums = self.summing.end();
        let (name, is, wanted, proof) = match self.wanted {
            Wanted::Nothing => {
                tracing::info!(subject, "no checksum is told: only the length was compared");
                return Ok(Proof::None);
            }
            Wanted::Crc64(wanted) => {
                return agree(subject, sums.crc64, wanted).map(|()| Proof::Crc64);
            }
            Wanted::Checksum(running, wanted) => {
                let is = running.finish();
                (is.algorithm.as_str(), is.value, wanted, Proof::Checksum)
            }
            Wanted::Md5(wanted) => {
                let hex = |md5: Md5| md5.to_string();
                let is = sums.md5.map(hex).unwrap_or_default();
                ("MD5", is, hex(wanted), Proof::ETag)
            }
        };
        if is == wanted {
            return Ok(proof);
        }
        let words = format!("the {name} of what arrived is {is}, the object's {wanted}");
        Err(Error::new(ErrorKind::Corrupt, words).about(subject))
    }
}

/// # Errors
/// [`ErrorKind::Corrupt`] when other bytes arrived than the service has.
pub(super) fn agree(subject: &str, is: Crc64, wanted: Crc64) -> Result<(), Error> {
    if is == wanted {
        return Ok(());
    }
    let words = format!("the CRC-64 of what arrived is {is}, the object's {wanted}");
    Err(Error::new(ErrorKind::Corrupt, words).about(subject))
}
