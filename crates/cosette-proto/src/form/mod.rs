//! Forms of browsers (`multipart/form-data`): fields, then one file, whose bytes stay a stream.
//!
//! The frame is read as it arrives, within bounds: what stands before the file is kept, of the file
//! only what might be the beginning of the border behind it. What follows the file has no meaning.

mod frame;
mod policy;

use bytes::{Bytes, BytesMut};
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, EXPIRES,
    HeaderName,
};
use http::{HeaderMap, HeaderValue};

use crate::dialect::{Dialect, Field, amz};
use crate::error::{Error, ErrorCode};
use crate::fields::CONTENT_MD5;
use crate::limits::{FORM_BOUNDARY_BYTES_MAX, FORM_BYTES_MAX, FORM_EPILOGUE_BYTES_MAX};

pub use policy::{PostPolicy, Sizes};
pub(crate) use policy::{decode, is_of_signature};

/// The field that holds the file.
pub(crate) const FILE: &str = "file";
/// The field that names the object.
pub(crate) const KEY: &str = "key";
/// The field with what the signer allows.
pub(crate) const POLICY: &str = "policy";
/// Stands for the file's name in a key.
const FILE_NAME: &str = "${filename}";

/// What stands before the file: the fields, and how the file is called.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Form {
    fields: Vec<(String, String)>,
    file_name: String,
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values may be signatures and tokens.
        let names: Vec<_> = self.fields.iter().map(|(name, _)| name).collect();
        f.debug_struct("Form")
            .field("fields", &names)
            .field("file_name", &self.file_name)
            .finish()
    }
}

impl Form {
    /// The value of a field, whatever the case of its name; `None` when it is absent or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let named = |(field, _): &&(String, String)| field.eq_ignore_ascii_case(name);
        let (_, value) = self.fields.iter().find(named)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// All fields in the order sent.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The object's key, with the file's name where the form asks for it.
    pub fn key(&self) -> Option<String> {
        let key = self.get(KEY)?;
        Some(key.replace(FILE_NAME, &self.file_name))
    }

    /// The dialect that its signature is of; `None` for a form that has none.
    pub fn dialect(&self) -> Option<Dialect> {
        let has = |name| self.get(name).is_some();
        let s3 = [
            amz::QUERY_ALGORITHM,
            amz::QUERY_SIGNATURE,
            amz::QUERY_V2_KEY,
        ];
        if has("q-signature") || has("q-ak") {
            Some(Dialect::Cos)
        } else if s3.into_iter().any(has) {
            Some(Dialect::S3)
        } else {
            None
        }
    }

    /// The fields that a PUT would have as headers, as headers. Others have no meaning for the object.
    ///
    /// # Errors
    /// `MalformedPOSTRequest` for a value that no header can have.
    pub fn headers(&self, dialect: Dialect) -> Result<HeaderMap, Error> {
        let plain = [
            CACHE_CONTROL,
            CONTENT_DISPOSITION,
            CONTENT_ENCODING,
            CONTENT_LANGUAGE,
            CONTENT_TYPE,
            EXPIRES,
            HeaderName::from_static(CONTENT_MD5),
        ];
        let mut headers = HeaderMap::new();
        for (name, value) in self.fields() {
            let name = name.to_ascii_lowercase();
            let prefixes = Dialect::semantic_prefixes();
            let semantic = prefixes.iter().any(|prefix| name.starts_with(prefix));
            let name = match name.as_str() {
                "acl" => dialect.name(Field::Acl).to_owned(),
                other if semantic || plain.iter().any(|plain| plain == other) => name,
                _ => continue,
            };
            let bad = || malformed(format!("its field {name} cannot be a header"));
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| bad())?;
            if headers.insert(header, value).is_some() {
                return Err(malformed(format!("it says {name} twice")));
            }
        }
        Ok(headers)
    }
}

/// Reads a form up to its file.
#[derive(Debug)]
pub struct FormReader {
    frame: frame::Frame,
    opening: BytesMut,
}

/// A form whose file comes next.
#[derive(Debug)]
pub struct Opened {
    /// What stands before the file.
    pub form: Form,
    /// The same as it was sent.
    pub opening: Bytes,
    /// Reads the file's bytes.
    pub file: FileReader,
    /// What arrived already of the file and of what is behind it.
    pub arrived: [Bytes; 2],
}

impl FormReader {
    /// A reader of the body that a request with these headers has.
    ///
    /// # Errors
    /// `MalformedPOSTRequest` when it is no form.
    pub fn of(headers: &HeaderMap) -> Result<Self, Error> {
        let mut types = headers.get_all(CONTENT_TYPE).iter();
        let (one, more) = (types.next(), types.next());
        let text = one
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let (kind, parameters) = text.split_once(';').unwrap_or((text, ""));
        let is_form = kind.trim().eq_ignore_ascii_case("multipart/form-data");
        if !is_form || more.is_some() {
            return Err(malformed("its Content-Type is not multipart/form-data"));
        }
        let boundary = frame::parameters(parameters)
            .into_iter()
            .find(|(name, _)| name == "boundary")
            .map(|(_, value)| value)
            .unwrap_or_default();
        let fits = (1..=FORM_BOUNDARY_BYTES_MAX).contains(&boundary.len());
        if !fits || !boundary.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            let why = format!("its boundary must have 1 to {FORM_BOUNDARY_BYTES_MAX} characters");
            return Err(malformed(why));
        }
        Ok(Self {
            frame: frame::Frame::new(&boundary),
            opening: BytesMut::new(),
        })
    }

    /// Takes in what arrived; gives itself back while the file has not begun.
    ///
    /// # Errors
    /// `MalformedPOSTRequest`, `MaxPostPreDataLengthExceededError`, or
    /// `IncorrectNumberOfFilesInPostRequest` when the form ends without a file.
    pub fn feed(mut self, mut bytes: Bytes) -> Result<Result<Opened, Self>, Error> {
        // Not more is kept than may stand before a file, however much arrives at once.
        let room = (FORM_BYTES_MAX + 1).saturating_sub(self.opening.len());
        let taken = bytes.split_to(room.min(bytes.len()));
        self.opening.extend_from_slice(&taken);
        let Some(end) = self.frame.read(&self.opening)? else {
            if self.opening.len() > FORM_BYTES_MAX {
                return Err(too_large());
            }
            return Ok(Err(self));
        };
        if end > FORM_BYTES_MAX {
            return Err(too_large());
        }
        let first = self.opening.split_off(end).freeze();
        let (form, delimiter) = self.frame.into_form();
        Ok(Ok(Opened {
            form,
            opening: self.opening.freeze(),
            file: FileReader {
                delimiter,
                kept: Bytes::new(),
                behind: None,
            },
            arrived: [first, bytes],
        }))
    }

    /// What stands between the parts.
    pub(crate) fn into_boundary(self) -> String {
        self.frame.into_boundary()
    }

    /// The form in what was kept of an opening.
    pub(crate) fn read_opening(headers: &HeaderMap, opening: Bytes) -> Result<Form, Error> {
        match Self::of(headers)?.feed(opening)? {
            Ok(opened) => Ok(opened.form),
            Err(_) => Err(malformed("it ends before its file")),
        }
    }
}

/// Reads the bytes of a form's file.
#[derive(Debug)]
pub struct FileReader {
    delimiter: Bytes,
    /// What may be the beginning of the border.
    kept: Bytes,
    /// How many bytes came behind the file, once it has ended.
    behind: Option<usize>,
}

impl FileReader {
    /// Takes in what arrived and gives back what is of the file; empty when nothing is yet.
    ///
    /// # Errors
    /// `MalformedPOSTRequest` when too much comes behind the file.
    pub fn feed(&mut self, bytes: Bytes) -> Result<Bytes, Error> {
        if let Some(behind) = &mut self.behind {
            *behind = behind.saturating_add(bytes.len());
            if *behind > FORM_EPILOGUE_BYTES_MAX {
                let why = format!("more than {FORM_EPILOGUE_BYTES_MAX} bytes come behind its file");
                return Err(malformed(why));
            }
            return Ok(Bytes::new());
        }
        let mut bytes = if self.kept.is_empty() {
            bytes
        } else {
            [self.kept.as_ref(), bytes.as_ref()].concat().into()
        };
        self.kept = Bytes::new();
        if let Some(at) = memchr::memmem::find(&bytes, &self.delimiter) {
            let behind = bytes.split_off(at);
            self.behind = Some(0);
            self.feed(behind)?;
            return Ok(bytes);
        }
        let longest = self.delimiter.len().saturating_sub(1).min(bytes.len());
        let begins = |len: &usize| {
            let tail = bytes.get(bytes.len() - len..).unwrap_or_default();
            self.delimiter.starts_with(tail)
        };
        if let Some(len) = (1..=longest).rev().find(begins) {
            self.kept = bytes.split_off(bytes.len() - len);
        }
        Ok(bytes)
    }

    /// Whether the file has ended: a body that ends before is cut.
    ///
    /// # Errors
    /// `IncompleteBody`.
    pub fn finish(&self) -> Result<(), Error> {
        match self.behind {
            Some(_) => Ok(()),
            None => {
                let words = "The body ended inside the form's file.";
                Err(Error::with(ErrorCode::IncompleteBody, words))
            }
        }
    }
}

/// Writes what stands before a form's file.
#[derive(Debug)]
pub(crate) struct FormWriter<'a> {
    boundary: &'a str,
    bytes: BytesMut,
}

impl<'a> FormWriter<'a> {
    pub(crate) fn new(boundary: &'a str) -> Self {
        Self {
            boundary,
            bytes: BytesMut::new(),
        }
    }

    pub(crate) fn field(&mut self, name: &str, value: &[u8]) {
        let head = format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n",
            self.boundary
        );
        self.bytes.extend_from_slice(head.as_bytes());
        self.bytes.extend_from_slice(value);
        self.bytes.extend_from_slice(b"\r\n");
    }

    /// Everything up to the file's first byte.
    pub(crate) fn file(mut self, name: &str) -> Bytes {
        let head = format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{FILE}\"; filename=\"{name}\"\r\n\r\n",
            self.boundary
        );
        self.bytes.extend_from_slice(head.as_bytes());
        self.bytes.freeze()
    }
}

/// What stands behind the file.
pub fn closing(boundary: &str) -> Bytes {
    format!("\r\n--{boundary}--\r\n").into()
}

pub(crate) fn malformed(why: impl std::fmt::Display) -> Error {
    let words = format!("{} ({why}).", ErrorCode::MalformedPOSTRequest.message());
    Error::with(ErrorCode::MalformedPOSTRequest, words)
}

fn too_large() -> Error {
    let words = format!("Before its file a form may have at most {FORM_BYTES_MAX} bytes.");
    Error::with(ErrorCode::MaxPostPreDataLengthExceededError, words)
}

#[cfg(test)]
mod tests;
