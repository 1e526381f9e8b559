//! Forms for browsers: what was signed is taken, and nothing else.

use std::time::Duration;

use cosette::{Body, PresignedPost, Transport};
use http::Request;

use crate::house::{EXAMPLE, House};

/// Sends a form as a browser does; gives back the status.
async fn send(house: &House, form: &PresignedPost, name: &str, file: &str) -> u16 {
    let mut body = String::new();
    for (name, value) in &form.fields {
        body.push_str(&format!(
            "--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str(&format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{file}\r\n--b--\r\n"
    ));
    let host = form.url.parse::<http::Uri>().unwrap();
    let request = Request::post(&form.url)
        .header("host", host.authority().unwrap().as_str())
        .header("content-type", "multipart/form-data; boundary=b")
        .header("content-length", body.len())
        .body(Body::from(body))
        .unwrap();
    house.call(request).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_form_that_was_signed_stores_what_it_allows_and_nothing_else() {
    let house = House::new().await;
    for client in [house.client(), crate::s3::s3(&house)] {
        let prefix = format!("{:?}", client.dialect());
        let form = client
            .presign_post()
            .bucket(EXAMPLE)
            .key(format!("{prefix}/${{filename}}"))
            .field("Content-Type", "text/plain")
            .field("success_action_status", "201")
            .sizes(1..=20)
            .presign(Duration::from_secs(60))
            .unwrap();
        assert_eq!(send(&house, &form, "a.txt", "milk").await, 201);
        let key = format!("{prefix}/a.txt");
        assert_eq!(house.bytes(EXAMPLE, &key).await, "milk");
        let kind = house
            .head(EXAMPLE, &key)
            .await
            .metadata
            .content
            .content_type
            .clone();
        assert_eq!(kind.unwrap().to_text(), "text/plain");
        let refused = |form: PresignedPost, file: &'static str| {
            let house = house.clone();
            async move {
                let status = send(&house, &form, "b.txt", file).await;
                assert!((400..500).contains(&status), "{status}");
            }
        };
        refused(form.clone(), "").await;
        refused(form.clone(), "more than twenty bytes").await;
        let mut other = form.clone();
        other.fields[0].1 = "elsewhere/b.txt".to_owned();
        refused(other, "milk").await;
        let mut other = form.clone();
        other
            .fields
            .push(("acl".to_owned(), "public-read".to_owned()));
        refused(other, "milk").await;
        assert!(!house.exists(EXAMPLE, &format!("{prefix}/b.txt")).await);
        assert!(!house.exists(EXAMPLE, "elsewhere/b.txt").await);
    }
    let call = house.client().presign_post().bucket(EXAMPLE);
    assert!(call.presign(Duration::from_secs(60)).is_err());
    let call = house.anonymous().presign_post().bucket(EXAMPLE).key("k");
    assert!(call.presign(Duration::from_secs(60)).is_err());
}
