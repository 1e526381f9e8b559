//! Requests as official clients send them: letter case, empty headers, escapes and element order of
//! their own. What they mean is the same.

use cosette_proto::ops::{
    CompleteUpload, CopyObject, DeleteObject, DeleteObjects, GetObject, HeadObject, InitiateUpload,
    ListObjects, ListParts, NewAcl, PutObject, PutObjectAcl, UploadPartCopy,
};
use cosette_proto::{Dialect, Message};
use cosette_types::{
    CannedAcl, Directive, ETagMatch, Grantee, Metadata, Preconditions, ReadRange, StorageClass,
    Text, Timestamp,
};

use crate::text;

const HOST: &str = "Host: examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com";
const SOURCE: &str = "sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com";

/// The request in this text, whose second line (the host) is left out.
fn received<M: Message>(text: &str) -> M {
    let (line, rest) = text.split_once('\n').unwrap();
    let text = format!("{line}\n{HOST}\n{rest}");
    let (name, request) = text::receive(text.as_bytes()).unwrap();
    assert_eq!(name, M::NAME);
    M::decode(&request, Dialect::Cos).unwrap()
}

#[test]
fn a_copy_by_node() {
    let copy: CopyObject = received(&format!(
        "PUT /b/1.jpg HTTP/1.1\n\
         Cache-Control:\nContent-Type:\nContent-Length: 0\n\
         x-cos-copy-source: {SOURCE}/a%2F%E4%B8%AD%E6%96%87.jpg?versionId=MTg0NDUxNjM3\n\
         x-cos-copy-source-If-Match: \"ee8de918d05640145b18f70f4c3aa602\"\n\
         x-cos-copy-source-If-Modified-Since: Fri, 10 Apr 2020 18:17:25 GMT\n\
         x-cos-metadata-directive: Replaced\nx-cos-meta-Author: Zhang San\nx-cos-acl:\n\
         x-cos-storage-class: Standard_IA\n\n"
    ));
    assert_eq!(copy.source.key.as_str(), "a/中文.jpg");
    assert_eq!(copy.source.version_id.unwrap().as_str(), "MTg0NDUxNjM3");
    assert_eq!(copy.directive, Some(Directive::Replaced));
    assert_eq!(copy.storage_class, Some(StorageClass::StandardIa));
    assert!(copy.acl.is_empty());
    let mut metadata = Metadata::default();
    metadata
        .user
        .insert("author", "Zhang San".parse().unwrap())
        .unwrap();
    assert_eq!(copy.metadata, metadata);
    let wanted = Preconditions {
        if_match: Some(
            "ee8de918d05640145b18f70f4c3aa602"
                .parse::<ETagMatch>()
                .unwrap(),
        ),
        if_modified_since: Some(Timestamp::from_secs(1_586_542_645)),
        ..Preconditions::default()
    };
    assert_eq!(copy.source_preconditions, wanted);
}

#[test]
fn metadata_that_a_copy_ignores_cannot_be_wrong() {
    let large = "v".repeat(3000);
    for directive in ["Copy", "COPY", ""] {
        let copy: CopyObject = received(&format!(
            "PUT /b/1.jpg HTTP/1.1\nx-cos-copy-source: {SOURCE}/a\nContent-Type: text/plain\n\
             x-cos-metadata-directive: {directive}\nx-cos-meta-a: {large}\n\n"
        ));
        assert_eq!(copy.metadata, Metadata::default(), "{directive}");
    }
}

#[test]
fn a_copy_by_java_says_replace() {
    let copy: CopyObject = received(&format!(
        "PUT /b HTTP/1.1\nx-cos-copy-source: /{SOURCE}/a%2Bb+c\n\
         x-cos-metadata-directive: REPLACE\nx-cos-tagging-directive: Copy\n\n"
    ));
    assert_eq!(copy.directive, Some(Directive::Replaced));
    assert_eq!(copy.source.key.as_str(), "a+b+c");
}

#[test]
fn a_part_copy_by_python_sends_an_empty_range() {
    let copy: UploadPartCopy = received(&format!(
        "PUT /b/1.jpg?partNumber=10000&uploadId=1585130821cb HTTP/1.1\nContent-Length: 0\n\
         x-cos-copy-source: {SOURCE}/a/1.jpg\nx-cos-copy-source-range:\nAuthorization:\n\n"
    ));
    assert_eq!((copy.source_range, copy.part_number.get()), (None, 10_000));
}

#[test]
fn a_part_copy_by_node_spells_the_range_its_own_way() {
    let copy: UploadPartCopy = received(&format!(
        "PUT /b/1.jpg?uploadId=u&partNumber=1 HTTP/1.1\n\
         x-cos-copy-source: {SOURCE}/a/1.jpg\nx-cos-copy-source-Range: bytes=0-9\n\n"
    ));
    assert_eq!(copy.source_range.unwrap().to_string(), "bytes=0-9");
}

#[test]
fn a_delete_by_go_spells_version_id_its_own_way() {
    let delete: DeleteObject = received("DELETE /a%2Fb?VersionId=MTg0 HTTP/1.1\n\n");
    assert_eq!(
        (delete.key.as_str(), delete.version_id.unwrap().as_str()),
        ("a/b", "MTg0")
    );
    let delete: DeleteObject = received("DELETE /a?versionId= HTTP/1.1\n\n");
    assert_eq!(delete.version_id, None);
}

#[test]
fn python_lists_with_plus_for_blanks_and_empty_markers() {
    let list: ListObjects = received(
        "GET /?prefix=a+b%2B%E4%B8%AD&delimiter=%2F&marker=&max-keys=1000&encoding-type=url \
         HTTP/1.1\n\n",
    );
    assert_eq!(
        (list.prefix.as_str(), list.delimiter),
        ("a b+中", Some('/'))
    );
    assert_eq!(
        (list.marker, list.max_keys, list.encoded),
        (None, Some(1000), true)
    );
    let list: ListParts = received(
        "GET /k?uploadId=u&part-number-marker=0&max-parts=1000&encoding-type=url HTTP/1.1\n\n",
    );
    assert_eq!(
        (list.part_number_marker, list.max_parts, list.encoded),
        (0, Some(1000), true)
    );
}

#[test]
fn javascript_deletes_with_quiet_last_and_no_declaration() {
    let delete: DeleteObjects = received(
        "POST /?delete HTTP/1.1\nContent-MD5: 0E/JemrIm7LZh5remf36JQ==\n\
         Content-Type: application/xml\n\n\
         <Delete><Object><Key>a&amp;b</Key></Object><Object><VersionId>MTg0</VersionId>\
         <Key> c </Key></Object><Quiet>true</Quiet></Delete>",
    );
    assert!(delete.quiet);
    let keys: Vec<_> = delete
        .objects
        .iter()
        .map(|object| object.key.as_str())
        .collect();
    assert_eq!(keys, ["a&b", " c "]);
    assert_eq!(
        delete.objects[1].version_id.as_ref().unwrap().as_str(),
        "MTg0"
    );
}

#[test]
fn python_completes_without_digest_or_type() {
    let complete: CompleteUpload = received(
        "POST /b/1.jpg?uploadId=u HTTP/1.1\n\n\
         <?xml version='1.0' encoding='utf-8'?>\n<CompleteMultipartUpload>\n\
         <Part><ETag>&quot;39270a968a357d24207e9911162507eb&quot;</ETag>\
         <PartNumber>2</PartNumber></Part>\n\
         <Part><PartNumber> 1 </PartNumber><ETag>\"aa\"</ETag><Other/></Part>\n\
         <Part><PartNumber>3</PartNumber><ETag>bb</ETag></Part>\n</CompleteMultipartUpload>",
    );
    let parts: Vec<_> = complete
        .parts
        .iter()
        .map(|part| (part.part_number.get(), part.etag.value()))
        .collect();
    // The order is the caller's: whether it is right, the upload decides.
    assert_eq!(
        parts,
        [
            (2, "39270a968a357d24207e9911162507eb"),
            (1, "aa"),
            (3, "bb")
        ]
    );
}

#[test]
fn node_begins_an_upload_with_empty_headers() {
    let begin: InitiateUpload = received(
        "POST /b/1.jpg?uploads HTTP/1.1\nContent-Type:\nCache-Control:\nContent-Length: 0\n\
         Content-Disposition: attachment; filename=\"1.jpg\"\nx-cos-meta-Author: Zhang San\n\
         x-cos-grant-read: id=\"100000000001\",id=\"qcs::cam::uin/100000000001:uin/100000000011\"\n\
         x-cos-storage-class: STANDARD_IA\nx-cos-acl: default\n\n",
    );
    let content = begin.metadata.content;
    assert_eq!((content.content_type, content.cache_control), (None, None));
    assert_eq!(
        content.content_disposition.unwrap().to_text(),
        "attachment; filename=\"1.jpg\""
    );
    assert_eq!(
        begin
            .metadata
            .user
            .get("author")
            .map(Text::to_text)
            .unwrap(),
        "Zhang San"
    );
    assert_eq!(
        (begin.acl.canned, begin.acl.read.len()),
        (Some(CannedAcl::Default), 2)
    );
}

#[test]
fn reads_ignore_what_http_lets_them_ignore() {
    let get: GetObject = received(
        "GET /k?response-content-type=text%2Fplain HTTP/1.1\nRange: bytes=0-1,4-5\n\
         If-Modified-Since: yesterday\nIf-None-Match: \"a\", W/\"b\"\n\n",
    );
    assert_eq!(
        (get.range, get.preconditions.if_modified_since),
        (None, None)
    );
    let tags = get.preconditions.if_none_match.unwrap();
    assert!(tags.matches(&"a".parse().unwrap()) && tags.matches(&"b".parse().unwrap()));
    assert_eq!(get.overrides.content_type.unwrap().to_text(), "text/plain");
    let head: HeadObject = received("HEAD /k HTTP/1.1\nContent-Length: 0\nRange: bytes=-5\n\n");
    assert_eq!(head.range, Some(ReadRange::Last(5)));
    let resumed: GetObject = received("GET /k HTTP/1.1\nRange: bytes=5-\nIf-Range: \"a\"\n\n");
    assert_eq!(resumed.range, Some(ReadRange::From(5)));
}

#[test]
fn bandwidth_limits_are_taken_note_of() {
    let _: GetObject = received("GET /k?x-cos-traffic-limit=819200 HTTP/1.1\n\n");
    let _: PutObject = received("PUT /k HTTP/1.1\nx-cos-traffic-limit: 838860800\n\n");
}

#[test]
fn an_acl_in_headers_outweighs_the_document() {
    let acl: PutObjectAcl = received(
        "PUT /k?acl HTTP/1.1\nx-cos-acl: public-read\nx-cos-grant-read-acp: uin=\"100000000011\"\n\n\
         <this is not read",
    );
    let NewAcl::Headers(headers) = acl.acl else {
        panic!("{:?}", acl.acl)
    };
    assert_eq!(
        (headers.canned, headers.read_acp.len()),
        (Some(CannedAcl::PublicRead), 1)
    );
    let acl: PutObjectAcl = received(
        "PUT /k?acl HTTP/1.1\nContent-Type: application/xml\n\n\
         <AccessControlPolicy><Owner><ID>qcs::cam::uin/1:uin/1</ID></Owner><AccessControlList>\
         <Grant><Permission>READ</Permission><Grantee xmlns:xsi=\"x\" xsi:type=\"RootAccount\">\
         <ID>qcs::cam::anyone:anyone</ID></Grantee></Grant></AccessControlList>\
         </AccessControlPolicy>",
    );
    let NewAcl::Document(document) = acl.acl else {
        panic!("{:?}", acl.acl)
    };
    assert_eq!(document.grants[0].grantee, Grantee::AllUsers);
}
