use bytes::Bytes;
use futures_util::future::join_all;
use http::{Method, Request, Response, StatusCode};

use super::*;
use crate::body::Body;
use crate::clock::BoxFuture;
use crate::error::ErrorKind;
use crate::transfer::{Engine, Entry, Job, Place, PlanHead, PlanWriter, Seen, Summary, Work};
use crate::transport::{Transport, TransportError};
use crate::{Client, Credentials};

/// What happened, in its order.
#[derive(Debug, Clone, Default)]
struct Story(Arc<Mutex<Vec<String>>>);

impl Story {
    fn tell(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    fn told(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn at(&self, what: &str) -> Option<usize> {
        self.told().iter().position(|one| one == what)
    }

    fn count(&self, what: &str) -> usize {
        self.told().iter().filter(|one| *one == what).count()
    }

    /// A disk that tells what it syncs, and fails at one folder.
    fn disk(&self, fails: Option<PathBuf>) -> SyncFolder {
        let story = self.clone();
        Arc::new(move |folder| {
            story.tell(format!("sync {}", folder.display()));
            match fails.as_deref() == Some(folder) {
                true => Err(io::Error::other("the disk failed")),
                false => Ok(()),
            }
        })
    }
}

#[tokio::test]
async fn names_are_synced_up_to_the_root() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    let names = Names::new(on_disk());
    names.sync_to(&deep.join("file")).await.unwrap();
    // Of a name without a folder that is the one where we are.
    names.sync_to(Path::new("file")).await.unwrap();
    let gone = deep.join("gone/file");
    let failed = names.sync_to(&gone).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Local);
}

#[tokio::test]
async fn the_way_up_is_synced_once_and_a_new_folder_by_the_one_above() {
    let story = Story::default();
    let names = Names::new(story.disk(None));
    let synced = async |file: &str| {
        let before = story.told().len();
        names.sync_to(Path::new(file)).await.unwrap();
        story.told().split_off(before).join(", ")
    };
    assert_eq!(synced("/a/b/1").await, "sync /a/b, sync /a, sync /");
    // The name of another file is another name.
    assert_eq!(synced("/a/b/2").await, "sync /a/b");
    assert_eq!(synced("/a/c/1").await, "sync /a/c, sync /a");
    assert_eq!(synced("/d").await, "sync /");
    assert_eq!(synced("e/1").await, "sync e, sync .");
    assert_eq!(synced("f").await, "sync .");
}

#[tokio::test]
async fn what_failed_is_not_taken_for_durable() {
    let story = Story::default();
    let names = Names::new(story.disk(Some("/a".into())));
    let file = Path::new("/a/b/1");
    for count in 1..=2 {
        let failed = names.sync_to(file).await.unwrap_err();
        assert!(failed.to_string().contains("the disk failed"), "{failed}");
        assert_eq!((story.count("sync /a"), story.count("sync /")), (count, 0));
    }
}

#[tokio::test]
async fn files_that_come_together_share_a_sync() {
    let story = Story::default();
    let names = Names::new(story.disk(None));
    let files: Vec<_> = (0..50).map(|n| PathBuf::from(format!("/a/{n}"))).collect();
    let synced = join_all(files.iter().map(|file| names.sync_to(file))).await;
    assert!(synced.into_iter().all(|end| end.is_ok()));
    // The first did not wait for the others; all of those came while it was synced.
    assert_eq!(story.count("sync /a"), 2);
}

#[tokio::test]
async fn no_more_folders_are_known_than_may_be() {
    let story = Story::default();
    let names = Names::new(story.disk(None));
    // With those on the way up it is one too many in the end.
    for n in 0..FOLDERS_KNOWN_MAX - 1 {
        names.sync_to(Path::new(&format!("/{n}/1"))).await.unwrap();
    }
    let known = || names.folders.lock().unwrap().len();
    assert_eq!(known(), FOLDERS_KNOWN_MAX);
    let before = story.count("sync /");
    names.sync_to(Path::new("/new/1")).await.unwrap();
    assert_eq!((known(), story.count("sync /")), (2, before + 1));
}

/// A service with objects of one content, that tells of what is removed.
#[derive(Debug, Clone)]
struct Shelf(Story);

const CONTENT: &[u8] = b"content";

fn etag() -> String {
    use md5::Digest;
    let digest = md5::Md5::digest(CONTENT);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

impl Transport for Shelf {
    fn call(
        &self,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<Body>, TransportError>> {
        let is_object = request.uri().path() != "/";
        let (status, body) = match *request.method() {
            Method::GET | Method::HEAD if is_object => (200, CONTENT),
            Method::DELETE => {
                self.0.tell(format!("delete {}", request.uri().path()));
                (204, &b""[..])
            }
            _ => (404, &b""[..]),
        };
        let is_head = request.method() == Method::HEAD;
        let sent = if is_head { &b""[..] } else { body };
        let mut reply = Response::new(Body::from(Bytes::from_static(sent)));
        *reply.status_mut() = StatusCode::from_u16(status).unwrap();
        let headers = reply.headers_mut();
        headers.insert("content-length", body.len().into());
        headers.insert("etag", etag().parse().unwrap());
        let written = "Fri, 10 Apr 2020 18:17:25 GMT";
        headers.insert("last-modified", written.parse().unwrap());
        Box::pin(async move { Ok(reply) })
    }
}

/// Moves two objects into a folder each, over a disk that fails at one folder.
async fn moved(story: &Story, folder: &Path, fails: Option<PathBuf>) -> Summary {
    let plan = folder.join("plan");
    let mut writer = PlanWriter::create(&plan, &PlanHead::new("mv")).unwrap();
    for name in ["one", "two"] {
        let work = Work::Download {
            source: Place::new("b-1250000000".parse().unwrap(), name.parse().unwrap()),
            target: folder.join("files").join(name).join("file"),
            remove_source: true,
        };
        let seen = Seen {
            size: CONTENT.len() as u64,
            etag: Some(etag().parse().unwrap()),
            ..Seen::default()
        };
        let wanted = None;
        writer.add(&Entry { work, seen, wanted }).unwrap();
    }
    writer.finish().unwrap();
    let client = Client::builder()
        .region("ap-guangzhou")
        .credentials(Credentials::new("id", "key"))
        .transport(Shelf(story.clone()))
        .build()
        .unwrap();
    let job = Job::create(folder.join("job"), &plan).unwrap();
    let engine = Engine::new(client).syncing(story.disk(fails));
    engine.run(job).await.unwrap()
}

#[tokio::test]
async fn a_source_goes_after_all_names_that_lead_to_its_file_are_durable() {
    let folder = tempfile::tempdir().unwrap();
    let story = Story::default();
    let summary = moved(&story, folder.path(), None).await;
    assert_eq!((summary.done, summary.failed), (2, 0), "{:?}", story.told());
    for name in ["one", "two"] {
        let deleted = story.at(&format!("delete /{name}")).unwrap();
        let file = folder.path().join("files").join(name).join("file");
        assert_eq!(std::fs::read(&file).unwrap(), CONTENT);
        for above in file.ancestors().skip(1) {
            let synced = story.at(&format!("sync {}", above.display()));
            assert!(synced.unwrap() < deleted, "{:?}", story.told());
        }
    }
}

#[tokio::test]
async fn a_source_stays_when_a_name_is_not_durable() {
    let folder = tempfile::tempdir().unwrap();
    let story = Story::default();
    let fails = folder.path().join("files/one");
    let summary = moved(&story, folder.path(), Some(fails)).await;
    assert_eq!((summary.done, summary.failed), (1, 1), "{:?}", story.told());
    assert!(story.at("delete /one").is_none() && story.at("delete /two").is_some());
}
