//! Documents of requests, of every operation that has one: what is read means the same when it is
//! written and read again; and documents of errors.

use bytes::Bytes;
use cosette_proto::route::PayloadKind;
use cosette_proto::xml::{DEPTH_MAX, ELEMENTS_MAX, Element};
use cosette_proto::{Dialect, ErrorDocument, Operation, OperationName, Query, Request, Target};
use http::{HeaderMap, Method};

/// See the module.
pub fn holds(data: &[u8]) {
    if let Ok(root) = Element::parse(data) {
        let (elements, depth) = measured(&root);
        assert!(
            elements <= ELEMENTS_MAX && depth <= DEPTH_MAX,
            "{elements} elements, {depth} deep"
        );
    }
    let _ = ErrorDocument::read(data);
    for name in OperationName::ALL {
        if !matches!(name.payload(), PayloadKind::Document { .. }) {
            continue;
        }
        let targets = [
            Target::Bucket(
                "examplebucket-1250000000"
                    .parse()
                    .expect("the name of a bucket"),
            ),
            Target::Object(
                "examplebucket-1250000000"
                    .parse()
                    .expect("the name of a bucket"),
                "k".parse().expect("a key"),
            ),
        ];
        for target in targets {
            let request = Request {
                method: Method::PUT,
                target,
                query: Query::new().with("uploadId", "u").with("delete", ""),
                headers: HeaderMap::new(),
                payload: Some(Bytes::copy_from_slice(data)),
            };
            // Refused or not: it ends, and does not break.
            let _ = Operation::decode(*name, &request, Dialect::Cos);
        }
    }
}

fn measured(element: &Element) -> (usize, usize) {
    let below = element.children.iter().map(measured);
    let (elements, depth) = below.fold((0, 0), |(elements, depth), (more, deep)| {
        (elements + more, depth.max(deep))
    });
    (elements + 1, depth + 1)
}
