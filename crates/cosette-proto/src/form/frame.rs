//! The frame of a form: borders, and the heads of its parts.

use bytes::Bytes;
use memchr::memmem::find;

use super::{FILE, Form, malformed};
use crate::error::{Error, ErrorCode};
use crate::limits::{FORM_FIELD_BYTES_MAX, FORM_FIELDS_MAX, FORM_PART_HEAD_BYTES_MAX};

/// Where the reading of a frame is.
#[derive(Debug)]
enum At {
    /// Before the first border.
    Preamble,
    /// Behind a border.
    Border,
    /// In the head of a part.
    Head,
    /// In the value of the field of this name.
    Value(String),
    /// At the file's first byte.
    File,
}

/// A frame that is being read. The bytes stay with the caller, who gives all of them each time.
#[derive(Debug)]
pub(super) struct Frame {
    boundary: String,
    delimiter: Bytes,
    at: At,
    /// Up to where the bytes are read.
    position: usize,
    form: Form,
}

/// A field, and how many bytes it took.
type Read = (usize, (String, String));

/// What a part's head says.
struct PartHead {
    name: String,
    file_name: Option<String>,
}

impl Frame {
    pub(super) fn new(boundary: &str) -> Self {
        Self {
            boundary: boundary.to_owned(),
            delimiter: format!("\r\n--{boundary}").into(),
            at: At::Preamble,
            position: 0,
            form: Form::default(),
        }
    }

    pub(super) fn into_boundary(self) -> String {
        self.boundary
    }

    pub(super) fn into_form(self) -> (Form, Bytes) {
        (self.form, self.delimiter)
    }

    /// Reads on; gives the place of the file's first byte once it is there.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<Option<usize>, Error> {
        loop {
            let rest = bytes.get(self.position..).unwrap_or_default();
            let step = match &self.at {
                At::Preamble => self.first_border(rest),
                At::Border => border(rest)?,
                At::Head => match head(rest)? {
                    Some((length, part)) => {
                        let next = self.begin(part)?;
                        Some((length, next))
                    }
                    None => None,
                },
                At::Value(name) => match self.value(name, rest)? {
                    Some((length, field)) => {
                        self.form.fields.push(field);
                        Some((length, At::Border))
                    }
                    None => None,
                },
                At::File => return Ok(Some(self.position)),
            };
            let Some((length, next)) = step else {
                return Ok(None);
            };
            self.position += length;
            self.at = next;
        }
    }

    /// The first border stands at the very beginning, or behind a line that nobody reads.
    fn first_border(&self, rest: &[u8]) -> Option<(usize, At)> {
        let bare = self.delimiter.get(2..).unwrap_or_default();
        if rest.starts_with(bare) {
            return Some((bare.len(), At::Border));
        }
        let at = find(rest, &self.delimiter)?;
        Some((at + self.delimiter.len(), At::Border))
    }

    fn begin(&mut self, part: PartHead) -> Result<At, Error> {
        if part.name.eq_ignore_ascii_case(FILE) {
            self.form.file_name = part.file_name.unwrap_or_default();
            return Ok(At::File);
        }
        if self.form.fields.len() >= FORM_FIELDS_MAX {
            let why = format!("it has more than {FORM_FIELDS_MAX} fields");
            return Err(malformed(why));
        }
        // What is said twice would mean one thing to us and another to whoever checked it.
        let mut names = self.form.fields.iter().map(|(name, _)| name);
        if names.any(|name| name.eq_ignore_ascii_case(&part.name)) {
            return Err(malformed(format!("it says {} twice", part.name)));
        }
        Ok(At::Value(part.name))
    }

    fn value(&self, name: &str, rest: &[u8]) -> Result<Option<Read>, Error> {
        let end = find(rest, &self.delimiter);
        // While no border is in sight its beginning may be there.
        let length = end.unwrap_or_else(|| rest.len().saturating_sub(self.delimiter.len()));
        if length > FORM_FIELD_BYTES_MAX {
            let why = format!("its field {name} is longer than {FORM_FIELD_BYTES_MAX} bytes");
            return Err(malformed(why));
        }
        let Some(end) = end else { return Ok(None) };
        let text = std::str::from_utf8(rest.get(..end).unwrap_or_default());
        let text = text.map_err(|_| malformed(format!("its field {name} is not UTF-8")))?;
        let field = (name.to_owned(), text.to_owned());
        Ok(Some((end + self.delimiter.len(), field)))
    }
}

/// Behind a border comes another part, or the end.
fn border(rest: &[u8]) -> Result<Option<(usize, At)>, Error> {
    let blanks = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let Some(pair) = rest.get(blanks..blanks + 2) else {
        return Ok(None);
    };
    match pair {
        b"\r\n" => Ok(Some((blanks + 2, At::Head))),
        b"--" => {
            let words = "POST requires exactly one file upload per request: the form has none.";
            let code = ErrorCode::IncorrectNumberOfFilesInPostRequest;
            Err(Error::with(code, words))
        }
        _ => Err(malformed("no line ends behind its boundary")),
    }
}

/// The head of a part, and how long it is.
fn head(rest: &[u8]) -> Result<Option<(usize, PartHead)>, Error> {
    let end = find(rest, b"\r\n\r\n");
    // Of its end three bytes may be there already.
    if end.unwrap_or(rest.len().saturating_sub(3)) > FORM_PART_HEAD_BYTES_MAX {
        let why = format!("the head of a part is longer than {FORM_PART_HEAD_BYTES_MAX} bytes");
        return Err(malformed(why));
    }
    let Some(end) = end else { return Ok(None) };
    let text = std::str::from_utf8(rest.get(..end).unwrap_or_default())
        .map_err(|_| malformed("the head of a part is not UTF-8"))?;
    let mut found = None;
    for line in text.split("\r\n") {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| malformed("the head of a part has a line that is no header"))?;
        if name.trim().eq_ignore_ascii_case("content-disposition")
            && found.replace(value.trim()).is_some()
        {
            return Err(malformed("a part says twice what it is"));
        }
    }
    let disposition = found.ok_or_else(|| malformed("a part does not say what it is"))?;
    let (kind, rest) = disposition.split_once(';').unwrap_or((disposition, ""));
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return Err(malformed("a part is not form-data"));
    }
    let parameters = parameters(rest);
    let one = |wanted: &str| {
        let mut values = parameters.iter().filter(|(name, _)| name == wanted);
        match (values.next(), values.next()) {
            (found, None) => Ok(found.map(|(_, value)| value.clone())),
            (_, Some(_)) => Err(malformed(format!("a part says its {wanted} twice"))),
        }
    };
    let name = one("name")?.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| malformed("a part has no name"))?;
    let part = PartHead {
        name,
        file_name: one("filename")?,
    };
    Ok(Some((end + 4, part)))
}

/// The parameters of a header's value: `; name=token; name="quoted"`, names in lower case. Browsers
/// escape a quote as `%22`, other clients as `\"`.
pub(super) fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';']);
        let Some((name, value)) = rest.split_once('=') else {
            return found;
        };
        let name = name.trim().to_ascii_lowercase();
        if let Some(quoted) = value.strip_prefix('"') {
            let (value, after) = unquoted(quoted);
            found.push((name, value));
            rest = after;
        } else {
            let (value, after) = value.split_once(';').unwrap_or((value, ""));
            found.push((name, value.trim().to_owned()));
            rest = after;
        }
    }
}

/// A quoted text, and what stands behind it.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, text.get(at + 1..).unwrap_or_default()),
            // A backslash stands for itself but before a quote: some browsers send whole paths.
            '\\' if text.get(at + 1..).is_some_and(|rest| rest.starts_with('"')) => {
                value.push('"');
                letters.next();
            }
            other => value.push(other),
        }
    }
    (value, "")
}
