//! XML documents, small and bounded: a tree to read from, a writer to write with.
//!
//! Document type declarations are refused and no entity but the five predefined ones (and character
//! references) is known, so nothing expands and nothing is fetched. Unknown elements are ignored by
//! those who read the tree; namespaces and prefixes are dropped.

use std::fmt::{self, Write as _};

use quick_xml::Reader;
use quick_xml::escape::partial_escape;
use quick_xml::events::{BytesRef, Event};

use crate::dialect::Dialect;

/// Deepest nesting that is read.
pub const DEPTH_MAX: usize = 16;
/// Most bytes of a document that is read: a page of 1,000 keys of 850 bytes, each escaped, fits.
/// Requests have smaller bounds of their own.
pub const DOCUMENT_BYTES_MAX: usize = 8 << 20;
/// Most elements of a document that is read; Complete with 10,000 parts has 30,001.
pub const ELEMENTS_MAX: usize = 100_000;
/// Most attributes of one element; telling duplicates apart costs the square of their number.
pub const ATTRIBUTES_MAX: usize = 16;

/// An element that was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    /// Its name without a prefix.
    pub name: String,
    /// All text directly in it, in order, unescaped.
    pub text: String,
    /// Attributes: names without a prefix, and values.
    pub attributes: Vec<(String, String)>,
    /// Its child elements in order.
    pub children: Vec<Element>,
}

/// Why a document cannot be read; the text says where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(pub String);

impl Element {
    /// Reads a document. White space before the declaration (keep-alive bytes) is skipped.
    ///
    /// # Errors
    /// When it is not well-formed, too large, too deep, or has a document type declaration.
    pub fn parse(document: &[u8]) -> Result<Self, Malformed> {
        if document.len() > DOCUMENT_BYTES_MAX {
            return Err(Malformed(format!("larger than {DOCUMENT_BYTES_MAX} bytes")));
        }
        let text = std::str::from_utf8(document).map_err(|_| Malformed("not UTF-8".into()))?;
        if text.contains('\0') {
            return Err(Malformed("a NUL character".into()));
        }
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_end_names = true;
        // The bottom element is no element: the root becomes its only child.
        let mut open = vec![Self::default()];
        let mut elements = 0_usize;
        loop {
            let event = reader.read_event().map_err(|error| {
                Malformed(format!("at byte {}: {error}", reader.error_position()))
            })?;
            if matches!(event, Event::Start(_) | Event::Empty(_)) {
                elements += 1;
                if elements > ELEMENTS_MAX {
                    return Err(Malformed(format!("more than {ELEMENTS_MAX} elements")));
                }
            }
            match event {
                Event::Start(tag) => {
                    if open.len() > DEPTH_MAX {
                        return Err(Malformed(format!("deeper than {DEPTH_MAX} elements")));
                    }
                    open.push(Self::begin(&tag)?);
                }
                Event::Empty(tag) => {
                    let element = Self::begin(&tag)?;
                    parent(&mut open)?.children.push(element);
                }
                Event::End(_) => {
                    let element = open.pop().unwrap_or_default();
                    parent(&mut open)?.children.push(element);
                }
                Event::Text(piece) => parent(&mut open)?.text.push_str(&piece),
                Event::CData(piece) => parent(&mut open)?.text.push_str(&piece),
                Event::GeneralRef(reference) => {
                    parent(&mut open)?.text.push(resolve(&reference)?);
                }
                Event::DocType(_) => return Err(Malformed("a document type is declared".into())),
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        let [bottom] = open.as_mut_slice() else {
            return Err(Malformed("an element is not closed".into()));
        };
        let mut roots = std::mem::take(&mut bottom.children).into_iter();
        match (roots.next(), roots.next()) {
            (Some(root), None) if bottom.text.trim().is_empty() => Ok(root),
            _ => Err(Malformed("there is not exactly one root element".into())),
        }
    }

    fn begin(tag: &quick_xml::events::BytesStart<'_>) -> Result<Self, Malformed> {
        let mut element = Self {
            name: tag.local_name().as_ref().to_owned(),
            ..Self::default()
        };
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| Malformed(error.to_string()))?;
            if element.attributes.len() == ATTRIBUTES_MAX {
                return Err(Malformed(format!("more than {ATTRIBUTES_MAX} attributes")));
            }
            let name = attribute.key.local_name().as_ref().to_owned();
            element
                .attributes
                .push((name, attribute.value.into_owned()));
        }
        Ok(element)
    }

    /// The name of a text that is given twice in the same place, if there is one: two readers could
    /// take different ones. Lists are made of elements with children, but for those `allowed`.
    pub fn repeated(&self, allowed: &[&str]) -> Option<&str> {
        let mut seen = std::collections::HashSet::new();
        let texts = self
            .children
            .iter()
            .filter(|child| child.children.is_empty());
        let mut names = texts.map(|child| child.name.as_str());
        names
            .find(|name| !allowed.contains(name) && !seen.insert(*name))
            .or_else(|| {
                self.children
                    .iter()
                    .find_map(|child| child.repeated(allowed))
            })
    }

    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of that name.
    pub fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of that name; `None` when there is no such child.
    pub fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }

    /// The text of the first child of that name, outer blanks removed; `None` when absent or empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.child_text(name)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }
}

fn parent(open: &mut [Element]) -> Result<&mut Element, Malformed> {
    open.last_mut()
        .ok_or_else(|| Malformed("an element is closed that was not opened".into()))
}

fn resolve(reference: &BytesRef<'_>) -> Result<char, Malformed> {
    let unknown = || Malformed("an entity that is not predefined".into());
    if let Some(character) = reference.resolve_char_ref().map_err(|_| unknown())? {
        return Ok(character);
    }
    match &**reference {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(unknown()),
    }
}

/// The declaration that every document begins with.
pub const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Writes a document, element by element.
#[derive(Debug)]
pub struct Writer {
    text: String,
    dialect: Dialect,
}

/// The namespace that documents of the S3 dialect have.
const S3_NAMESPACE: &str = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

impl Writer {
    /// A document without a namespace whose root has that name; `fill` writes what is in it.
    pub fn document(root: &str, fill: impl FnOnce(&mut Self)) -> bytes::Bytes {
        Self::document_with(Dialect::Cos, root, "", fill)
    }

    /// A document of a dialect.
    pub fn document_in(dialect: Dialect, root: &str, fill: impl FnOnce(&mut Self)) -> bytes::Bytes {
        Self::document_with(dialect, root, "", fill)
    }

    /// As [`Writer::document_in`], with attributes on the root in the COS dialect, written as given.
    pub fn document_with(
        dialect: Dialect,
        root: &str,
        attributes: &str,
        fill: impl FnOnce(&mut Self),
    ) -> bytes::Bytes {
        let mut writer = Self {
            text: DECLARATION.to_owned(),
            dialect,
        };
        let attributes = match dialect {
            Dialect::Cos => attributes,
            Dialect::S3 => S3_NAMESPACE,
        };
        writer.element_with(root, attributes, fill);
        bytes::Bytes::from(writer.text)
    }

    /// The dialect that is written.
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Text that stands directly in the element that is being written.
    pub fn content(&mut self, text: impl fmt::Display) {
        // Straight into the document: a page of 1,000 keys has thousands of texts. Writing into a
        // string cannot fail.
        let _ = write!(Escaped(&mut self.text), "{text}");
    }

    /// An element; `fill` writes what is in it.
    pub fn element(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        self.element_with(name, "", fill);
    }

    /// An element with attributes, written as given.
    pub fn element_with(&mut self, name: &str, attributes: &str, fill: impl FnOnce(&mut Self)) {
        self.text.push('<');
        self.text.push_str(name);
        if !attributes.is_empty() {
            self.text.push(' ');
            self.text.push_str(attributes);
        }
        let open = self.text.len();
        self.text.push('>');
        fill(self);
        if self.text.len() == open + 1 {
            self.text.truncate(open);
            self.text.push_str("/>");
        } else {
            self.text.push_str("</");
            self.text.push_str(name);
            self.text.push('>');
        }
    }

    /// An element that holds a text only.
    pub fn text(&mut self, name: &str, text: impl fmt::Display) {
        self.element(name, |element| element.content(text));
    }

    /// As [`Writer::text`], but quotes stay as they are.
    pub fn text_with_quotes(&mut self, name: &str, text: impl fmt::Display) {
        let text = text.to_string();
        self.text.push_str(&format!(
            "<{name}>{}</{name}>",
            partial_escape(text.as_str())
        ));
    }

    /// An element that holds a text only, if there is one.
    pub fn text_if(&mut self, name: &str, text: Option<impl fmt::Display>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }
}

/// Escapes markup, and the control characters that XML can carry as references only: tab and line feed
/// are plain, which clients that know no references read right. (Characters that XML 1.0 cannot carry at
/// all are why listings offer URL encoding.)
struct Escaped<'a>(&'a mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // All of them are single bytes, and no byte of another character is one of them.
        let control = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n');
        let special = |byte: u8| control(byte) || matches!(byte, b'<' | b'>' | b'&' | b'"' | b'\'');
        let mut rest = text;
        while let Some(at) = rest.bytes().position(special) {
            let (plain, marked) = rest.split_at(at);
            self.0.push_str(plain);
            let mut characters = marked.chars();
            match characters.next() {
                Some('<') => self.0.push_str("&lt;"),
                Some('>') => self.0.push_str("&gt;"),
                Some('&') => self.0.push_str("&amp;"),
                Some('"') => self.0.push_str("&quot;"),
                Some('\'') => self.0.push_str("&apos;"),
                Some(control) => write!(self.0, "&#x{:X};", u32::from(control))?,
                None => {}
            }
            rest = characters.as_str();
        }
        self.0.push_str(rest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let document = Writer::document_with(Dialect::Cos, "A", "xmlns=\"x\"", |a| {
            a.text("B", "<&>\"'\r\n\t\u{1} 中");
            a.text("C", "");
            a.element("D", |d| d.text("E", 1));
        });
        let root = Element::parse(&document).unwrap();
        assert_eq!(root.child_text("B"), Some("<&>\"'\r\n\t\u{1} 中"));
        let text = String::from_utf8(document.to_vec()).unwrap();
        assert!(text.contains("&apos;&#xD;\n\t&#x1; 中"), "{text}");
        assert_eq!(root.child_text("C"), Some(""));
        assert_eq!(root.child("D").and_then(|d| d.value("E")), Some("1"));
    }

    #[test]
    fn a_text_given_twice_is_found() {
        let repeated = |document: &str| {
            let root = Element::parse(document.as_bytes()).unwrap();
            root.repeated(&["C"]).map(str::to_owned)
        };
        let item = "<P><N>1</N><E>x</E></P>";
        assert_eq!(
            repeated(&format!("<A>{item}{item}<C>1</C><C>1</C></A>")),
            None
        );
        assert_eq!(repeated("<A><B>1</B><B>1</B></A>").as_deref(), Some("B"));
        assert_eq!(
            repeated(&format!("<A>{item}<P><N>1</N><N/></P></A>")).as_deref(),
            Some("N")
        );
    }

    #[test]
    fn tolerant_of_what_clients_send() {
        let root = Element::parse(
            b"  \n<?xml version='1.0'?><x:A xmlns:x='u'><!-- c --><B>&quot;e&quot;</B></x:A>\n",
        );
        assert_eq!(root.unwrap().value("B"), Some("\"e\""));
    }

    #[test]
    fn refuses_what_expands_or_is_not_well_formed() {
        let deep = format!(
            "{}{}",
            "<a>".repeat(DEPTH_MAX + 1),
            "</a>".repeat(DEPTH_MAX + 1)
        );
        let wide = format!("<a>{}</a>", "<b/>".repeat(ELEMENTS_MAX));
        let attributes: String = (0..=ATTRIBUTES_MAX).map(|n| format!(" a{n}=''")).collect();
        let attributes = format!("<a{attributes}/>");
        let large = format!("<a>{}</a>", " ".repeat(DOCUMENT_BYTES_MAX));
        for bad in [
            "",
            "x",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a>&lol;</a>",
            "</a>",
            "<a",
            &deep,
            &large,
            &wide,
            &attributes,
            "<!DOCTYPE a [<!ENTITY lol 'lol'>]><a>&lol;</a>",
            "<a/>x",
        ] {
            assert!(Element::parse(bad.as_bytes()).is_err(), "{:.40}", bad);
        }
        assert!(Element::parse(b"<a>\xff</a>").is_err());
        assert!(Element::parse(b"<a>\0</a>").is_err());
        assert!(Element::parse(b"<a>&#0;</a>").is_err());
    }
}
