//! Every published vector: the vendor's two (A, B) and those that official SDKs produced.

use http::{HeaderMap, HeaderName, Method};

use super::canonical::{canonical_name, http_string, sha1_hex, sign_key, signature};
use super::{Lists, SecretKey, Signable};
use crate::message::Query;

const HOST: &str = "examplebucket-1250000000.cos.ap-beijing.myqcloud.com";
const UPLOAD: &str = "1585130821cbb7df1d11846c073ad648e8f33b087cec2381df437acdc833cf654b9ecc6361";
/// The vendor's published demo key.
const KEY: &str = "BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz";
const NODE: &str = "1700000000;1700003600";
const PYTHON: &str = "1700000000;1700003660";

struct Vector {
    name: &'static str,
    time: &'static str,
    method: Method,
    path: &'static str,
    query: &'static [(&'static str, &'static str)],
    headers: &'static [(&'static str, &'static str)],
    sha1: &'static str,
    signature: &'static str,
}

impl Vector {
    fn check(&self) {
        let query: Query = self
            .query
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        let names = |pairs: &[(&str, &str)]| {
            let mut names: Vec<_> = pairs.iter().map(|(name, _)| canonical_name(name)).collect();
            names.sort_unstable();
            names
        };
        let lists = Lists {
            headers: names(self.headers),
            parameters: names(self.query),
        };
        let request = Signable {
            method: &self.method,
            path: self.path,
            query: &query,
            headers: &headers,
        };
        let text = http_string(&request, &lists);
        assert_eq!(sha1_hex(&text), self.sha1, "{}: {text}", self.name);
        let key = sign_key(&SecretKey::new(KEY), self.time);
        assert_eq!(
            signature(&key, self.time, &text),
            self.signature,
            "{}",
            self.name
        );
    }
}

#[test]
fn sign_keys() {
    for (time, key) in [
        (NODE, "552178a693a0d230b84a4f15c143bc3c2cb3d9c0"),
        (PYTHON, "f43f431eaa529cb762fc7ccff0b63f866c03be7b"),
        (
            "1557989151;1557996351",
            "eb2519b498b02ac213cb1f3d1a3d27a3b3c9bc5f",
        ),
        (
            "1557989753;1557996953",
            "937914bf490e9e8c189836aad2052e4feeb35eaf",
        ),
    ] {
        assert_eq!(sign_key(&SecretKey::new(KEY), time).as_str(), key);
    }
}

#[test]
fn every_published_vector() {
    VECTORS.iter().for_each(Vector::check);
    assert_eq!(VECTORS.len(), 18);
}

const VECTORS: &[Vector] = &[
    Vector {
        name: "A",
        time: "1557989151;1557996351",
        method: Method::PUT,
        path: "/exampleobject(腾讯云)",
        query: &[],
        headers: &[
            ("content-length", "13"),
            ("content-md5", "mQ/fVh815F3k6TAUm8m0eg=="),
            ("content-type", "text/plain"),
            ("date", "Thu, 16 May 2019 06:45:51 GMT"),
            ("host", HOST),
            ("x-cos-acl", "private"),
            ("x-cos-grant-read", r#"uin="100000000011""#),
        ],
        sha1: "8b2751e77f43a0995d6e9eb9477f4b685cca4172",
        signature: "3b8851a11a569213c17ba8fa7dcf2abec6935172",
    },
    Vector {
        name: "B",
        time: "1557989753;1557996953",
        method: Method::GET,
        path: "/exampleobject(腾讯云)",
        query: &[
            ("response-content-type", "application/octet-stream"),
            ("response-cache-control", "max-age=600"),
        ],
        headers: &[("date", "Thu, 16 May 2019 06:55:53 GMT"), ("host", HOST)],
        sha1: "54ecfe22f59d3514fdc764b87a32d8133ea611e6",
        signature: "01681b8c9d798a678e43b685a9f1bba0f6c0e012",
    },
    Vector {
        name: "1",
        time: NODE,
        method: Method::GET,
        path: "/a/1.jpg",
        query: &[],
        headers: &[("host", HOST)],
        sha1: "630aaf2e9041903376d45e1ac33400ecb5e99a7d",
        signature: "9bac887667caf22e3a53946827700d44ebd44321",
    },
    Vector {
        name: "2",
        time: NODE,
        method: Method::GET,
        path: "/a/1.jpg",
        query: &[],
        headers: &[],
        sha1: "d4c6f3873fd733a14838005849b67b04e7fa1880",
        signature: "3274f9251ff7edbeaff5f4c225d71bf1842bffa7",
    },
    Vector {
        name: "3",
        time: NODE,
        method: Method::PUT,
        path: "/目录/图片 1.jpg",
        query: &[],
        headers: &[
            ("content-md5", "7o3pGNBWQBRbGPcPTDqmAg=="),
            ("content-type", "image/jpeg"),
            ("host", HOST),
            ("x-cos-acl", "public-read"),
        ],
        sha1: "c8b40a2606b6ad4b15b06da135c1fc154f8b7bef",
        signature: "53156693c6356781ef86346169c673dbab1f649f",
    },
    Vector {
        name: "4",
        time: NODE,
        method: Method::GET,
        path: "/",
        query: &[
            ("prefix", "照片/2024 x+y"),
            ("delimiter", "/"),
            ("max-keys", "100"),
            ("encoding-type", "url"),
        ],
        headers: &[("host", HOST)],
        sha1: "50ecb750d96c8b0a1ee2360ebd9cac76eb33cf9f",
        signature: "8c30547a31998813fa0582e771ebc8ce49932b7f",
    },
    Vector {
        name: "5",
        time: NODE,
        method: Method::POST,
        path: "/b/1.jpg",
        query: &[("uploads", "")],
        headers: &[
            ("host", HOST),
            ("x-cos-meta-author", "Zhang San"),
            ("x-cos-storage-class", "STANDARD_IA"),
        ],
        sha1: "d9c9444c2fa53150a359c9c3cb061069996e02a0",
        signature: "bd256ceb66f8136237e18797acfc536f802fafd5",
    },
    Vector {
        name: "6",
        time: NODE,
        method: Method::PUT,
        path: "/b/1.jpg",
        query: &[],
        headers: &[
            ("host", HOST),
            (
                "x-cos-copy-source",
                "sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a/%E4%B8%AD%E6%96%87.jpg?versionId=MTg0NDUxNjM3NTM0ODE2Njc0MzU",
            ),
            ("x-cos-metadata-directive", "Replaced"),
        ],
        sha1: "35f6ac3441d5edb97fc3bc06553a4a7776836138",
        signature: "ff0db8930b68d038a7b02609675bb621166992f9",
    },
    Vector {
        name: "7",
        time: NODE,
        method: Method::PUT,
        path: "/b/1.jpg",
        query: &[("partNumber", "1"), ("uploadId", UPLOAD)],
        headers: &[
            ("host", HOST),
            (
                "x-cos-copy-source",
                "sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a/1.jpg",
            ),
            ("x-cos-copy-source-range", "bytes=0-1048575"),
        ],
        sha1: "a3e01372a63f41b057fe9989f064927387df170c",
        signature: "8568adf58b88586e5c2b60648f2e22047e7f15ae",
    },
    Vector {
        name: "8",
        time: NODE,
        method: Method::POST,
        path: "/b/1.jpg",
        query: &[("uploadId", UPLOAD)],
        headers: &[("content-md5", "CZaO4nHHQOLVpUTLIWuHSA=="), ("host", HOST)],
        sha1: "ed7306fc4c4324b9b064510c4b5231a3976b6268",
        signature: "8be1978a442ab91a7d04e9e5933c930ed9a60bc7",
    },
    Vector {
        name: "9",
        time: NODE,
        method: Method::DELETE,
        path: "/a/1.jpg",
        query: &[("versionId", "MTg0NDUxNTc1NjIzMTQ1MDAwODg")],
        headers: &[("host", HOST)],
        sha1: "3e4550ee9350e63f7effcc9d1283af916d039d66",
        signature: "a092ada78e123f59454e96167ffa128de7e77fbc",
    },
    Vector {
        name: "10",
        time: NODE,
        method: Method::HEAD,
        path: "/a!'()*~_-.$&+,;=:@?#[]%41.txt",
        query: &[],
        headers: &[("host", HOST)],
        sha1: "c2d935f5414562b26921660b32a5622cb92ff30a",
        signature: "68115e217b94361314c907887d9604ddac0bf222",
    },
    Vector {
        name: "11",
        time: NODE,
        method: Method::GET,
        path: "/目录/图片 1.jpg",
        query: &[
            ("response-content-type", "image/png"),
            ("versionId", "MTg0NDUxNTc1NjIzMTQ1MDAwODg"),
        ],
        headers: &[("host", HOST)],
        sha1: "d2decf3cd5b044644af856be5a52525c899e1900",
        signature: "c73e977578ef841126f51047ea28b1233ddc1278",
    },
    Vector {
        name: "12",
        time: PYTHON,
        method: Method::GET,
        path: "/目录/图片 1.jpg",
        query: &[
            ("response-content-type", "image/png"),
            ("versionId", "abc=="),
        ],
        headers: &[("host", HOST)],
        sha1: "c99d0caacc094e14226c170204abf9e7102bd877",
        signature: "77af8487ee8cb8a5721113c7d8137ad12db321b8",
    },
    Vector {
        name: "13",
        time: PYTHON,
        method: Method::GET,
        path: "/a/1.jpg",
        query: &[],
        headers: &[("host", HOST)],
        sha1: "630aaf2e9041903376d45e1ac33400ecb5e99a7d",
        signature: "511a576613094e20ced7d4cfa6863eef3c474ca0",
    },
    Vector {
        name: "14",
        time: PYTHON,
        method: Method::GET,
        path: "/a/1.jpg",
        query: &[],
        headers: &[],
        sha1: "d4c6f3873fd733a14838005849b67b04e7fa1880",
        signature: "dae8db0d4143739a4d2d95f6b177217bf78bd440",
    },
    Vector {
        name: "15",
        time: PYTHON,
        method: Method::PUT,
        path: "/目录/图片 1.jpg",
        query: &[],
        headers: &[
            ("content-md5", "7o3pGNBWQBRbGPcPTDqmAg=="),
            ("content-type", "image/jpeg"),
            ("host", HOST),
            ("x-cos-acl", "public-read"),
        ],
        sha1: "c8b40a2606b6ad4b15b06da135c1fc154f8b7bef",
        signature: "9518045338d9f781c00ed95b4d1db6ceeec9239a",
    },
    Vector {
        name: "16",
        time: PYTHON,
        method: Method::GET,
        path: "/",
        query: &[
            ("prefix", "照片/2024 x+y"),
            ("delimiter", "/"),
            ("max-keys", "100"),
            ("encoding-type", "url"),
        ],
        headers: &[("host", HOST)],
        sha1: "50ecb750d96c8b0a1ee2360ebd9cac76eb33cf9f",
        signature: "e950e007f9749a6f50dbc5baa7ecde635fbe045e",
    },
];
