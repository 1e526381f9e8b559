//! Keys that a provider gives: asked for when they are needed, and again before or when they expire.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cosette::provider::{Chain, CredentialProvider, InstanceRole, Issued, KeyFile};
use cosette::{Body, Client, Clock, Credentials, ErrorKind, Timestamp, provider, transport};
use http::{Request, Response};

use crate::clock::TestClock;
use crate::house::{House, SOURCE};
use crate::script::{BUCKET, Script, Step};

/// Gives a new pair each time: `AKID1`, `AKID2`, good for ten minutes.
fn counting(clock: &TestClock) -> (Arc<AtomicUsize>, impl CredentialProvider) {
    let asked = Arc::new(AtomicUsize::new(0));
    let (counter, clock) = (asked.clone(), clock.clone());
    let provider = provider::from_fn(move || {
        let nth = counter.fetch_add(1, Ordering::SeqCst) + 1;
        let expires = Timestamp::from_secs(clock.now().secs() + 600);
        async move {
            Ok(Issued {
                credentials: Credentials::new(format!("AKID{nth}"), "k").with_token("t"),
                expires: Some(expires),
            })
        }
    });
    (asked, provider)
}

fn client(script: &Script, clock: &TestClock, provider: impl CredentialProvider) -> Client {
    Client::builder()
        .credentials_from(provider)
        .region("ap-guangzhou")
        .transport(script.clone())
        .clock(clock.clone())
        .build()
        .unwrap()
}

async fn head(client: &Client) -> Result<(), cosette::Error> {
    let call = client.head_object().bucket(BUCKET).key("k");
    call.send().await.map(|_| ())
}

fn signers(script: &Script) -> Vec<String> {
    let seen = script.seen();
    let signed = seen.iter().map(|seen| {
        let line = seen.header("authorization").unwrap();
        line.split("q-ak=")
            .nth(1)
            .unwrap()
            .split('&')
            .next()
            .unwrap()
            .to_owned()
    });
    signed.collect()
}

#[tokio::test]
async fn keys_are_kept_while_they_are_good_and_renewed_before_they_expire() {
    let clock = TestClock::new();
    let script = Script::of(vec![Step::head(1, "\"a\""); 3]);
    let (asked, provider) = counting(&clock);
    let client = client(&script, &clock, provider);
    head(&client).await.unwrap();
    head(&client).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    clock.advance(Duration::from_secs(301));
    head(&client).await.unwrap();
    assert_eq!(signers(&script), ["AKID1", "AKID1", "AKID2"]);
}

#[tokio::test]
async fn keys_that_the_service_calls_expired_are_renewed_once() {
    let clock = TestClock::new();
    let expired = || Step::error(403, "ExpiredToken");
    let listing = Step::ok(
        "<ListAllMyBucketsResult><Owner><ID>i</ID></Owner><Buckets/></ListAllMyBucketsResult>",
    );
    let script = Script::of([expired(), listing]);
    let (asked, provider) = counting(&clock);
    let one = client(&script, &clock, provider);
    let _ = one.get_service().send().await;
    assert_eq!(signers(&script), ["AKID1", "AKID2"]);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    let script = Script::of([expired(), expired()]);
    let (_, provider) = counting(&clock);
    let error = client(&script, &clock, provider)
        .get_service()
        .send()
        .await
        .unwrap_err();
    assert_eq!((error.kind(), script.is_done()), (ErrorKind::Denied, true));
}

#[tokio::test]
async fn a_provider_that_has_nothing_is_an_error_before_anything_is_sent() {
    let script = Script::of([]);
    let clock = TestClock::new();
    let nowhere = KeyFile::cos_conf("/nowhere/.cos.conf");
    let error = head(&client(&script, &clock, Chain::new().or(nowhere)))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("/nowhere/.cos.conf"), "{error}");
    assert!(script.seen().is_empty());
}

#[tokio::test]
async fn a_chain_takes_the_first_that_has_keys_and_stays_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let conf = folder.path().join(".cos.conf");
    std::fs::write(&conf, "[common]\nsecret_id=AKIDconf\nsecret_key=k\n").unwrap();
    let shared = folder.path().join("credentials");
    std::fs::write(&shared, "[default]\nsecret_id=AKIDshared\nsecret_key=k\n").unwrap();
    let chain = Chain::new()
        .or(KeyFile::cos_yaml(folder.path().join(".cos.yaml")))
        .or(KeyFile::cos_conf(&conf))
        .or(KeyFile::shared(&shared, "default"));
    let issued = chain.issue().await.unwrap();
    assert_eq!(issued.credentials.secret_id(), "AKIDconf");
    std::fs::remove_file(&conf).unwrap();
    assert!(
        chain.issue().await.is_err(),
        "keys of another account are no replacement"
    );
}

#[tokio::test]
async fn the_role_of_an_instance_is_asked_for_its_name_and_then_for_keys() {
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = asked.clone();
    let metadata = transport::from_fn(move |request: Request<Body>| {
        log.lock().unwrap().push(request.uri().to_string());
        let answer = match request.uri().path().ends_with('/') {
            true => "Copier\n".to_owned(),
            false => r#"{"TmpSecretId":"AKIDr","TmpSecretKey":"k","ExpiredTime":4102444800,"Token":"t","Code":"Success"}"#.to_owned(),
        };
        async move { Ok::<_, std::convert::Infallible>(Response::new(Body::from(answer))) }
    });
    let issued = InstanceRole::new()
        .transport(metadata)
        .issue()
        .await
        .unwrap();
    assert_eq!(issued.credentials.secret_id(), "AKIDr");
    assert_eq!(issued.expires, Some(Timestamp::from_secs(4_102_444_800)));
    let path = "http://metadata.tencentyun.com/latest/meta-data/cam/security-credentials/";
    assert_eq!(
        *asked.lock().unwrap(),
        [path.to_owned(), format!("{path}Copier")]
    );
}

#[tokio::test]
async fn a_blocking_client_makes_the_same_calls() {
    let house = House::new().await;
    house.put(SOURCE, "a", "bytes").await;
    let client = house.client();
    let done = tokio::task::spawn_blocking(move || {
        let client = cosette::blocking::Client::new(client).unwrap();
        let head = client
            .send(|cos| cos.head_object().bucket(SOURCE).key("a").send())
            .unwrap();
        let keys: Vec<_> = client
            .list(|cos| cos.get_bucket().bucket(SOURCE).objects())
            .map(|object| object.unwrap().key.to_string())
            .collect();
        let gone = client.send(|cos| cos.head_object().bucket(SOURCE).key("b").send());
        (head.size(), keys, gone.unwrap_err().status())
    });
    let (size, keys, status) = done.await.unwrap();
    assert_eq!((size, keys, status), (5, vec!["a".to_owned()], Some(404)));
}
