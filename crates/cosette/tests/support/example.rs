// What surrounds each example of the documentation: a store of its own in this process, with the
// buckets and objects of the samples, and a client of it. Included by the examples.

/// Runs an example.
fn example<F>(sample: impl FnOnce(cosette::Client) -> F)
where
    F: std::future::Future<Output = Result<(), cosette::Error>>,
{
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let config = cosette_server::Config::default();
        let opened = cosette_server::Embedded::open(folder.path(), config, None).await.unwrap();
        let cosette_server::Opened::Here(embedded) = opened else {
            panic!("somebody has a new folder")
        };
        let root = embedded.root();
        let keys = cosette::Credentials::new(&root.secret_id, root.secret_key.expose());
        let service = embedded.service().clone();
        let transport = cosette::transport::from_fn(move |request| {
            let service = service.clone();
            async move { Ok::<_, std::convert::Infallible>(service.call(request).await) }
        });
        let client = cosette::Client::builder()
            .credentials(keys)
            .region("ap-guangzhou")
            .transport(transport)
            .build()
            .unwrap();
        for bucket in ["examplebucket-1250000000", "sourcebucket-1250000000"] {
            client.put_bucket().bucket(bucket).send().await.unwrap();
            for key in ["a/1.jpg", "1.jpg", "sourceObject"] {
                let put = client.put_object().bucket(bucket).key(key).body("[Object Content]");
                put.send().await.unwrap();
            }
        }
        sample(client).await.unwrap();
        embedded.close().await.unwrap();
    });
}
