//! Replies in every shape that the protocol's documents show, old ones included.

use cosette_proto::ops::{
    CompleteUpload, CopyObject, DeleteObject, GetBucketAcl, GetBucketLocation, GetObject,
    HeadObject, ListBuckets, ListObjects, ListParts, ListUploads, PutObject, UploadPartCopy,
};
use cosette_proto::{Dialect, Message, Unreadable};
use cosette_types::{Crc64, Grantee, StorageClass, Timestamp};

use crate::text;

fn read<M: Message>(reply: &str) -> Result<M::Reply, Unreadable> {
    M::decode_reply(&text::read_reply(reply.as_bytes()), Dialect::Cos)
}

const OK: &str = "HTTP/1.1 200 OK\n\n";

#[test]
fn a_copy_is_read_in_every_edition() {
    let time = Timestamp::from_secs(1_586_542_830);
    for date in [
        "2020-04-10T18:20:30Z",
        "2020-04-10T18:20:30.000Z",
        "2020-04-10T18:20:30",
        "Fri, 10 Apr 2020 18:20:30 GMT",
    ] {
        let reply = read::<CopyObject>(&format!(
            "{OK}   \n <?xml version='1.0' encoding='utf-8' ?>\n<CopyObjectResult>\n  \
             <ETag>&quot;22ca88419e2ed4721c23807c678adbe4c08a7880&quot;</ETag>\n  \
             <LastModified>{date}</LastModified>\n  <VersionId>null</VersionId>\n  <New>1</New>\n\
             </CopyObjectResult>\n"
        ))
        .unwrap();
        assert_eq!(reply.last_modified, time, "{date}");
        assert_eq!(
            reply.etag.value(),
            "22ca88419e2ed4721c23807c678adbe4c08a7880"
        );
        assert_eq!((reply.crc64, reply.version_id), (None, None));
    }
    let reply = read::<CopyObject>(
        "HTTP/1.1 200 OK\nx-cos-version-id: MTg0\nx-cos-hash-crc64ecma: 7\n\n\
         <CopyObjectResult><ETag>\"aa\"</ETag><LastModified>2020-04-10T18:20:30Z</LastModified>\
         </CopyObjectResult>",
    );
    let reply = reply.unwrap();
    assert_eq!(
        (reply.crc64, reply.version_id.unwrap().as_str()),
        (Some(Crc64(7)), "MTg0")
    );
    let part = read::<UploadPartCopy>(&format!(
        "{OK}<CopyPartResult xmlns=\"x\"><ETag>\"ba82\"</ETag>\
         <LastModified>2017-09-04T04:45:45</LastModified></CopyPartResult>"
    ));
    assert_eq!(
        part.unwrap().last_modified,
        Timestamp::from_secs(1_504_500_345)
    );
}

#[test]
fn a_success_without_its_result_is_none() {
    let error = "<Error><Code>InternalError</Code></Error>";
    let no_tag = "<CopyObjectResult><LastModified>2020-04-10T18:20:30Z</LastModified>\
                  </CopyObjectResult>";
    for body in ["", "   ", error, no_tag, "<CopyObjectResult>", "<html/>"] {
        assert!(
            read::<CopyObject>(&format!("{OK}{body}")).is_err(),
            "{body}"
        );
    }
    for body in ["", "  ", error, "<CompleteMultipartUploadResult/>"] {
        assert!(
            read::<CompleteUpload>(&format!("{OK}{body}")).is_err(),
            "{body}"
        );
    }
    assert!(read::<PutObject>(OK).is_err());
    assert!(read::<HeadObject>("HTTP/1.1 200 OK\nETag: \"a\"\nContent-Length: 1\n\n").is_err());
}

#[test]
fn blanks_stand_before_a_long_awaited_result() {
    let result = "<CompleteMultipartUploadResult \
         xmlns=\"http://www.qcloud.com/document/product/436/7751\">\
         <Location>http://examplebucket-1250000000.cos.ap-beijing.myqcloud.com/a</Location>\
         <Bucket>examplebucket-1250000000</Bucket><Key>a</Key>\
         <ETag>&quot;aa259a62513358f69e98e72e59856d88-3&quot;</ETag>\
         </CompleteMultipartUploadResult>";
    let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    for body in [
        format!("{declaration}    \n  {result}"),
        format!("     {declaration}{result}\n"),
        format!(" \n {result}"),
    ] {
        let reply = read::<CompleteUpload>(&format!("{OK}{body}")).unwrap();
        assert_eq!(reply.etag.part_count(), Some(3));
        assert_eq!(reply.key.as_str(), "a");
    }
}

#[test]
fn listings_are_read_in_old_and_new_spellings() {
    for name in ["EncodingType", "Encoding-Type", "Encoding-type"] {
        let parts = read::<ListParts>(&format!(
            "{OK}<ListPartsResult><Bucket>examplebucket-1250000000</Bucket><{name}>url</{name}>\
             <Key>a%2Fb%2Bc</Key><UploadId>u</UploadId>\
             <Owner><ID>qcs::cam::uin/1:uin/2</ID></Owner><PartNumberMarker>0</PartNumberMarker>\
             <Initiator><ID>1250000000</ID></Initiator>\
             <Part><PartNumber>1</PartNumber><LastModified>Wed Jan 18 16:04:17 2017</LastModified>\
             <ETag>\"a\"</ETag><Size>1</Size></Part>\
             <StorageClass>Standard</StorageClass><MaxParts>1000</MaxParts>\
             <IsTruncated>false</IsTruncated></ListPartsResult>"
        ))
        .unwrap();
        assert_eq!(
            (parts.key.as_str(), parts.encoded, parts.owner),
            ("a/b+c", true, None)
        );
        assert_eq!(
            parts.parts[0].last_modified,
            Timestamp::from_secs(1_484_755_457)
        );
    }
    let uploads = read::<ListUploads>(&format!(
        "{OK}<ListMultipartUploadsResult><Bucket>examplebucket-1250000000</Bucket><Encoding-Type/>\
         <KeyMarker/><UploadIdMarker/><MaxUploads>1000</MaxUploads><Prefix/>\
         <Delimiter>/</Delimiter><IsTruncated>false</IsTruncated>\
         <Upload><Key>a%41</Key><UploadId>u</UploadId>\
         <Initiator><ID>qcs::cam::uin/1:uin/2</ID><DisplayName>2</DisplayName></Initiator>\
         <StorageClass>Standard</StorageClass><Initiated>2017-01-18T08:04:17.000Z</Initiated>\
         </Upload><CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes>\
         </ListMultipartUploadsResult>"
    ))
    .unwrap();
    assert_eq!(uploads.uploads[0].key.as_str(), "a%41");
    assert_eq!(
        uploads.uploads[0].initiator.as_ref().unwrap().sub_uin(),
        "2"
    );
    assert_eq!(
        (uploads.common_prefixes, uploads.encoded),
        (vec!["b/".to_owned()], false)
    );
}

#[test]
fn a_page_without_a_next_marker_goes_on_after_its_last_entry() {
    let page = |entries: &str| {
        read::<ListObjects>(&format!(
            "{OK}<ListBucketResult><Name>examplebucket-1250000000</Name><Prefix/><Marker/>\
             <MaxKeys>2</MaxKeys><IsTruncated>true</IsTruncated>{entries}</ListBucketResult>"
        ))
    };
    let entry = "<Contents><Key>b</Key><LastModified>2020-12-10T03:37:30.000Z</LastModified>\
                 <ETag>\"a\"</ETag><Size>37</Size><StorageTier>FREQUENT</StorageTier></Contents>";
    let prefix = "<CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>";
    assert_eq!(page(entry).unwrap().next_marker.as_deref(), Some("b"));
    assert_eq!(
        page(entry).unwrap().contents[0].storage_class,
        StorageClass::Standard
    );
    assert_eq!(
        page(&format!("{entry}{prefix}"))
            .unwrap()
            .next_marker
            .as_deref(),
        Some("c/")
    );
    assert!(page("").is_err());
}

#[test]
fn small_documents_are_read_in_old_shapes() {
    let region = read::<GetBucketLocation>(&format!(
        "{OK}<LocationConstraint>cos.ap-beijing</LocationConstraint>"
    ));
    assert_eq!(region.unwrap().as_str(), "ap-beijing");
    let buckets = read::<ListBuckets>(&format!(
        "{OK}<ListAllMyBucketsResult><Owner><ID>qcs::cam::uin/1:uin/1</ID></Owner><Buckets>\
         <Bucket><Name>a-1</Name><Location>ap-beijing</Location><BucketType>cos</BucketType>\
         <CreationDate>2019-05-24T11:49:50Z</CreationDate></Bucket></Buckets>\
         <IsTruncated>false</IsTruncated><NextMarker>a-1</NextMarker></ListAllMyBucketsResult>"
    ))
    .unwrap();
    assert_eq!((buckets.buckets.len(), buckets.next_marker), (1, None));
    let acl = read::<GetBucketAcl>(&format!(
        "{OK}<AccessControlPolicy><Owner><ID>qcs::cam::uin/1:uin/1</ID></Owner><AccessControlList>\
         <Grant><Grantee type=\"Group\">\
         <URI>http://cam.qcloud.com/groups/global/AuthenticatedUsers</URI></Grantee>\
         <Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>"
    ));
    assert_eq!(
        acl.unwrap().acl.grants[0].grantee,
        Grantee::AuthenticatedUsers
    );
}

#[test]
fn objects_are_described_by_headers_in_any_letter_case() {
    let reply = read::<GetObject>(
        "HTTP/1.1 206 Partial Content\nETAG: \"a\"\nlast-modified: Fri, 10 Apr 2020 18:17:25 GMT\n\
         Content-Length: 3\nContent-Range: bytes 0-2/9\nX-Cos-Meta-A: b\n\
         x-cos-storage-class: Standard_IA\nx-cos-version-id: null\n\n",
    )
    .unwrap();
    assert_eq!((reply.content_length, reply.size()), (3, 9));
    assert_eq!(reply.storage_class, StorageClass::StandardIa);
    assert!(reply.version_id.unwrap().is_null() && reply.metadata.user.get("a").is_some());
    for range in [
        "bytes 2-0/9",
        "bytes 0-9/9",
        "bytes */9",
        "0-2/9",
        "bytes 0-2",
    ] {
        let reply = read::<GetObject>(&format!(
            "HTTP/1.1 206 Partial Content\nETag: \"a\"\nContent-Length: 3\n\
             Last-Modified: Fri, 10 Apr 2020 18:17:25 GMT\nContent-Range: {range}\n\n"
        ));
        assert!(reply.is_err(), "{range}");
    }
    let deleted = read::<DeleteObject>("HTTP/1.1 204 No Content\nx-cos-delete-marker: true\n\n");
    assert!(deleted.unwrap().delete_marker);
}
