//! Rules that let pages of other origins use a bucket, as pure rules.

/// Which origins may ask for what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CorsRule {
    /// A name that its owner gave it.
    pub id: Option<String>,
    /// Origins such as `https://example.com`; each may hold one `*` for any text.
    pub allowed_origins: Vec<String>,
    /// Methods.
    pub allowed_methods: Vec<CorsMethod>,
    /// Request headers, in any letter case; each may hold one `*`.
    pub allowed_headers: Vec<String>,
    /// Reply headers that pages may read.
    pub expose_headers: Vec<String>,
    /// How long a browser may remember the answer to a preflight.
    pub max_age_secs: Option<u32>,
}

/// A method that a rule may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CorsMethod {
    /// GET
    Get,
    /// PUT
    Put,
    /// HEAD
    Head,
    /// POST
    Post,
    /// DELETE
    Delete,
}

impl CorsMethod {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Get, Self::Put, Self::Head, Self::Post, Self::Delete];

    /// As HTTP writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }

    /// The method of that text.
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }
}

impl CorsRule {
    /// Whether a page of this origin may use this method.
    pub fn allows(&self, origin: &str, method: &str) -> bool {
        self.origin(origin).is_some()
            && self
                .allowed_methods
                .iter()
                .any(|allowed| allowed.as_str() == method)
    }

    /// Whether such a page may send this header.
    pub fn allows_header(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.allowed_headers
            .iter()
            .any(|allowed| matches(&allowed.to_ascii_lowercase(), &name))
    }

    /// The origin as a reply names it: `*` when the rule says just that, else the origin itself.
    pub fn origin<'a>(&self, origin: &'a str) -> Option<&'a str> {
        let any = |allowed: &String| allowed == "*";
        if self.allowed_origins.iter().any(any) {
            return Some("*");
        }
        let found = self
            .allowed_origins
            .iter()
            .any(|allowed| matches(allowed, origin));
        found.then_some(origin)
    }
}

/// Whether a text is that of a pattern with at most one `*`.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => {
            text.len() >= before.len() + after.len()
                && text.starts_with(before)
                && text.ends_with(after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_star_stands_for_any_text() {
        for (pattern, text, wanted) in [
            ("https://a.com", "https://a.com", true),
            ("https://a.com", "https://a.com.evil", false),
            ("https://*.a.com", "https://x.a.com", true),
            ("https://*.a.com", "https://a.com", false),
            ("https://*.a.com", "https://x.a.com.evil", false),
            ("ab*ba", "aba", false),
            ("*", "null", true),
        ] {
            assert_eq!(matches(pattern, text), wanted, "{pattern} {text}");
        }
    }

    #[test]
    fn origin_method_and_headers_must_all_be_allowed() {
        let rule = CorsRule {
            allowed_origins: vec!["https://*.a.com".into()],
            allowed_methods: vec![CorsMethod::Put],
            allowed_headers: vec!["X-Cos-*".into(), "etag".into()],
            ..CorsRule::default()
        };
        assert!(rule.allows("https://x.a.com", "PUT"));
        assert!(!rule.allows("https://x.a.com", "GET") && !rule.allows("https://b.com", "PUT"));
        assert!(rule.allows_header("x-cos-acl") && rule.allows_header("ETag"));
        assert!(!rule.allows_header("range"));
        assert_eq!(rule.origin("https://x.a.com"), Some("https://x.a.com"));
        let all = CorsRule {
            allowed_origins: vec!["https://b.com".into(), "*".into()],
            ..CorsRule::default()
        };
        assert_eq!(all.origin("https://b.com"), Some("*"));
    }
}
