//! A signature as a request presents it, whichever dialect it is of.

use cosette_types::Timestamp;

use super::SecretKey;
use super::q_sign::QSign;
use super::v2::V2;
use super::v4::{Signed, V4};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::head::Head;

/// A signature that a request carries, in its header or in its parameters.
#[derive(Debug, Clone)]
pub struct Presented(Kind);

#[derive(Debug, Clone)]
enum Kind {
    QSign(QSign),
    V2(V2),
    V4(V4),
}

impl Presented {
    /// Finds the signature of a request; `None` when it carries none and so is anonymous. A header
    /// wins over parameters.
    ///
    /// # Errors
    /// When what is there is no signature of the request's dialect.
    pub fn find(head: &Head) -> Result<Option<Self>, Error> {
        let kind = match head.dialect {
            Dialect::Cos => QSign::find(head)?.map(Kind::QSign),
            Dialect::S3 => match V2::find(head)? {
                Some(presented) => Some(Kind::V2(presented)),
                None => V4::find(head)?.map(Kind::V4),
            },
        };
        Ok(kind.map(Self))
    }

    /// The id of the key that was used; no secret.
    pub fn secret_id(&self) -> &str {
        match &self.0 {
            Kind::QSign(presented) => presented.secret_id(),
            Kind::V2(presented) => presented.access_key(),
            Kind::V4(presented) => presented.access_key(),
        }
    }

    /// The token of temporary credentials, if one was sent.
    pub fn token(&self) -> Option<&str> {
        match &self.0 {
            Kind::QSign(presented) => presented.token(),
            Kind::V2(presented) => presented.token(),
            Kind::V4(presented) => presented.token(),
        }
    }

    /// Verifies the signature with the key that [`Presented::secret_id`] names. What it gives is
    /// needed to verify the body, where that is signed too ([`super::BodyCheck`]).
    ///
    /// # Errors
    /// `AccessDenied` with the words `Request has expired` or naming what is not covered,
    /// `RequestTimeTooSkewed`, or `SignatureDoesNotMatch` with the text that was signed over, so that
    /// a client's author can find the difference.
    pub fn verify(
        &self,
        head: &Head,
        secret_key: &SecretKey,
        now: Timestamp,
    ) -> Result<Signed, Error> {
        match &self.0 {
            Kind::QSign(presented) => {
                presented.verify(head, secret_key, now)?;
                Ok(Signed::head_only())
            }
            Kind::V2(presented) => {
                presented.verify(head, secret_key, now)?;
                Ok(Signed::head_only())
            }
            Kind::V4(presented) => presented.verify(head, secret_key, now),
        }
    }
}
