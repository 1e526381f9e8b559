//! Bytes made of other bytes, the same ones for the same seed.

/// A small generator of numbers that repeat for the same seed.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        // splitmix64: any state is a good one.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() % (end.max(1) as u64)).unwrap_or(0)
    }

    fn one_of<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}

/// Pieces with a meaning somewhere.
const PIECES: &[&str] = &[
    "\0",
    "%",
    "%00",
    "%zz",
    "%2F",
    "%25",
    "%ff",
    "&",
    "=",
    "?",
    "/",
    "//",
    "..",
    "\"",
    "'",
    ";",
    ",",
    ":",
    "<",
    ">",
    "</",
    "/>",
    "<a>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?",
    "&lt;",
    "&#0;",
    "&#x110000;",
    "&x;",
    "<!DOCTYPE a>",
    "\r",
    "\n",
    "\r\n",
    "\t",
    " ",
    "-",
    "-1",
    "+",
    "0",
    "1",
    "10001",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999",
    "null",
    "true",
    "false",
    "W/",
    "*",
    "bytes=",
    "bytes=0-",
    "id=\"",
    "uploadId=",
    "partNumber=",
    "versionId=",
    "acl",
    "delete",
    "rename",
    "uploads",
    "versioning",
    "tagging",
    "cors",
    "prefix=",
    "max-keys=",
    "encoding-type=url",
    "q-sign-algorithm=sha1",
    "q-ak=",
    "q-sign-time=",
    "q-key-time=",
    "q-header-list=",
    "q-url-param-list=",
    "q-signature=",
    "host",
    "Host: ",
    "Range: ",
    "Content-Length: ",
    "Transfer-Encoding: chunked\r\n",
    "Expect: 100-continue\r\n",
    "Content-MD5: ",
    "x-cos-copy-source: ",
    "x-cos-rename-source: ",
    "x-cos-meta-a: ",
    "x-cos-acl: ",
    "x-cos-copy-source-range: ",
    "If-Match: ",
    "GET ",
    "PUT ",
    "POST ",
    "DELETE ",
    "HEAD ",
    "\u{e4}",
    "\u{4e2d}",
    "<Error>",
    "</Error>",
    "<Part>",
    "<Key>",
    "<PartNumber>",
    "X-Amz-Signature=",
    "X-Amz-Expires=",
    "x-amz-meta-a: ",
    "x-amz-content-sha256: ",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "UNSIGNED-PAYLOAD",
    "0\r\n\r\n",
    "\"*\"",
    "*",
    "?",
    "\"deny\"",
    "\"allow\"",
    "cos:",
    "s3:",
    "Get",
    "Not",
    "_if_exist",
    "not_",
    "IfExists",
];

/// Longest input that is made.
pub const INPUT_BYTES_MAX: usize = 16 << 10;

/// Makes an input of one or two of a corpus.
pub fn mutated(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = random.one_of(corpus).cloned().unwrap_or_default();
    for _ in 0..=random.below(4) {
        change(&mut bytes, corpus, random);
    }
    bytes.truncate(INPUT_BYTES_MAX);
    bytes
}

fn change(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let end = at + random.below((bytes.len() - at).min(40) + 1);
    let mut insert = |at: usize, piece: &[u8]| {
        bytes.splice(at..at, piece.iter().copied());
    };
    match random.below(9) {
        0 => {
            let byte = u8::try_from(random.number() & 0xff).unwrap_or(0);
            if let Some(old) = bytes.get_mut(at) {
                *old = byte;
            }
        }
        1 => {
            let bit = random.below(8);
            if let Some(old) = bytes.get_mut(at) {
                *old ^= 1 << bit;
            }
        }
        2 => drop(bytes.drain(at..end)),
        3 => bytes.truncate(at),
        4 | 5 => insert(
            at,
            random
                .one_of(PIECES)
                .copied()
                .unwrap_or_default()
                .as_bytes(),
        ),
        6 => {
            let piece = bytes.get(at..end).unwrap_or_default().to_vec();
            let times = 1 + random.below(30);
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, piece.repeat(times));
        }
        7 => {
            // The beginning of this one and the end of another.
            let other = random.one_of(corpus).map(Vec::as_slice).unwrap_or_default();
            let from = random.below(other.len() + 1);
            bytes.truncate(at);
            bytes.extend_from_slice(other.get(from..).unwrap_or_default());
        }
        _ => {
            let mut piece = bytes.get(at..end).unwrap_or_default().to_vec();
            piece.make_ascii_uppercase();
            bytes.splice(at..end, piece);
        }
    }
}
