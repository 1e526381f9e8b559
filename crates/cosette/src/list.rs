//! Listings of any length, page by page or entry by entry, in bounded memory.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use cosette_proto::Message;
use cosette_proto::ops::{
    ListObjects, ListObjectsReply, ListParts, ListPartsReply, ListUploads, ListUploadsReply,
    ListVersions, ListVersionsReply, ObjectEntry, PartEntry, UploadEntry, VersionItem,
};
use futures_util::stream::{self, Stream, StreamExt};

use crate::calls::{GetBucket, ListObjectVersions, MultipartList, MultipartListPart};
use crate::draft::Draft;
use crate::error::{Error, ErrorKind};
use crate::reply::Output;

/// Entries or pages that arrive as they are asked for. A [`Stream`], with a `next()` of its own.
pub struct Listing<T>(Pin<Box<dyn Stream<Item = Result<T, Error>> + Send>>);

impl<T> Listing<T> {
    /// The next one; `None` at the end.
    ///
    /// # Errors
    /// What the request for the next page met; nothing follows an error.
    pub async fn next(&mut self) -> Result<Option<T>, Error> {
        self.0.next().await.transpose()
    }

    /// All that are left.
    ///
    /// # Errors
    /// As [`Listing::next`].
    pub async fn all(mut self) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        while let Some(one) = self.next().await? {
            all.push(one);
        }
        Ok(all)
    }
}

impl<T> Stream for Listing<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl<T> fmt::Debug for Listing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listing")
    }
}

/// A request that asks for one page, and can ask for the next.
trait Paged: Message + Send + Sync + 'static {
    type Entry: Send + 'static;

    /// Makes it ask for the page after `page`; false if there is none.
    fn follow(&mut self, page: &Self::Reply) -> bool;

    fn entries(page: Self::Reply) -> Vec<Self::Entry>;
}

/// All pages from the first one on.
fn pages<M>(start: Result<(Draft, M), Error>) -> Listing<Output<M::Reply>>
where
    M: Paged + PartialEq + Clone,
    M::Reply: Send,
{
    let start = match start {
        Ok(start) => start,
        Err(error) => return Listing(Box::pin(stream::iter([Err(error)]))),
    };
    Listing(Box::pin(stream::try_unfold(
        Some(start),
        |state| async move {
            let Some((draft, mut message)) = state else {
                return Ok(None);
            };
            let page = draft.client.perform(&draft.context, &message, None).await?;
            let asked = message.clone();
            let more = message.follow(&page.value);
            // A page that leads to itself would go round for ever.
            if more && message == asked {
                let words = "the listing does not go on: its next page is the one just read";
                return Err(Error::new(ErrorKind::Unreadable, words));
            }
            Ok(Some((page, more.then_some((draft, message)))))
        },
    )))
}

/// The entries of all pages.
fn entries<M>(start: Result<(Draft, M), Error>) -> Listing<M::Entry>
where
    M: Paged + PartialEq + Clone,
    M::Reply: Send,
{
    let state = (pages(start), VecDeque::new());
    Listing(Box::pin(stream::try_unfold(
        state,
        |(mut pages, mut here)| async move {
            loop {
                if let Some(entry) = here.pop_front() {
                    return Ok(Some((entry, (pages, here))));
                }
                match pages.next().await? {
                    Some(page) => here.extend(M::entries(page.value)),
                    None => return Ok(None),
                }
            }
        },
    )))
}

impl Paged for ListObjects {
    type Entry = ObjectEntry;

    fn follow(&mut self, page: &ListObjectsReply) -> bool {
        if page.next_marker.is_some() {
            self.marker.clone_from(&page.next_marker);
        }
        page.next_marker.is_some()
    }

    fn entries(page: ListObjectsReply) -> Vec<ObjectEntry> {
        page.contents
    }
}

impl Paged for ListVersions {
    type Entry = VersionItem;

    fn follow(&mut self, page: &ListVersionsReply) -> bool {
        if page.is_truncated {
            self.key_marker.clone_from(&page.next_key_marker);
            self.version_id_marker
                .clone_from(&page.next_version_id_marker);
        }
        page.is_truncated
    }

    fn entries(page: ListVersionsReply) -> Vec<VersionItem> {
        page.items
    }
}

impl Paged for ListUploads {
    type Entry = UploadEntry;

    fn follow(&mut self, page: &ListUploadsReply) -> bool {
        if page.is_truncated {
            self.key_marker.clone_from(&page.next_key_marker);
            self.upload_id_marker
                .clone_from(&page.next_upload_id_marker);
        }
        page.is_truncated
    }

    fn entries(page: ListUploadsReply) -> Vec<UploadEntry> {
        page.uploads
    }
}

impl Paged for ListParts {
    type Entry = PartEntry;

    fn follow(&mut self, page: &ListPartsReply) -> bool {
        if let Some(next) = page.next_part_number_marker {
            self.part_number_marker = next;
        }
        page.next_part_number_marker.is_some()
    }

    fn entries(page: ListPartsReply) -> Vec<PartEntry> {
        page.parts
    }
}

/// `pages()` and a stream of entries for each call that lists.
macro_rules! listings {
    ($($call:ident: $entries:ident of $entry:ty, in $page:ty;)*) => {$(
        impl $call {
            /// This page and all that follow.
            pub fn pages(self) -> Listing<Output<$page>> {
                pages(self.into_message())
            }

            /// The entries of this page and of all that follow. What a delimiter folds is on the
            /// pages only.
            pub fn $entries(self) -> Listing<$entry> {
                entries(self.into_message())
            }
        }
    )*};
}

listings! {
    GetBucket: objects of ObjectEntry, in ListObjectsReply;
    ListObjectVersions: versions of VersionItem, in ListVersionsReply;
    MultipartList: uploads of UploadEntry, in ListUploadsReply;
    MultipartListPart: parts of PartEntry, in ListPartsReply;
}
