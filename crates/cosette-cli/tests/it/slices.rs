//! `cp` as the seed's sliceCopyFile: sizes, parts, progress, results.

use serde_json::Value;

use crate::world::{BUCKET, World, cos, noise, text};

const MIB: usize = 1 << 20;

fn with_source(bytes: usize) -> World {
    let world = World::with_bucket();
    world.put("s", noise(bytes));
    world
}

/// The progress events of a copy.
fn progress(world: &World, args: &[&str]) -> Vec<Value> {
    let ran = world.ok(&[args, &["--output", "json"]].concat());
    ran.events()
        .into_iter()
        .filter(|event| event["event"] == "progress")
        .collect()
}

// seed: S121, S131
#[test]
fn the_sample_copies_from_another_bucket_and_shows_progress() {
    let world = World::with_bucket();
    world.ok(&["mb", "cos://sourcebucket-1250000000"]);
    let file = world.file("s", noise(2 * MIB));
    let source = "sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a/1.jpg";
    world.ok(&["cp", &file, source]);
    let events = progress(
        &world,
        &["cp", source, &cos("b/1.jpg"), "--slice-size", "1MiB"],
    );
    assert!(events.len() >= 2, "{events:?}");
    assert_eq!(world.bytes("b/1.jpg"), noise(2 * MIB));
    for flag in ["--no-progress", "--quiet"] {
        assert!(progress(&world, &["cp", source, &cos("b/1.jpg"), flag]).is_empty());
    }
}

// seed: S122
#[test]
fn the_target_needs_a_bucket_with_its_appid_and_a_key() {
    let world = with_source(1);
    let told = world.refused(2, &["cp", &cos("s"), "cos://examplebucket/t"]);
    assert!(text(&told, "error").contains("APPID"), "{told}");
    let told = world.refused(2, &["cp", &cos("s")]);
    assert!(text(&told, "error").contains("TARGET"), "{told}");
}

// seed: S123
#[test]
fn the_source_is_a_cos_name_or_the_full_form() {
    let world = with_source(5);
    let full = format!("{BUCKET}.cos.ap-guangzhou.myqcloud.com/s");
    for source in [cos("s"), full.clone(), format!("https://{full}")] {
        world.ok(&["cp", &source, &cos("t")]);
        assert_eq!(world.bytes("t"), noise(5));
    }
}

// seed: S125, S126
#[test]
fn the_chunk_size_decides_the_parts() {
    let world = with_source(3 * MIB);
    for (flags, parts) in [
        (&[][..], 3),
        (&["--chunk-size", "1048576"], 3),
        (&["--chunk-size", "2MiB"], 2),
    ] {
        let (from, to) = (cos("s"), cos("t"));
        let done = world.json(
            &[
                &["cp", from.as_str(), to.as_str(), "--slice-size", "0"],
                flags,
            ]
            .concat(),
        );
        assert_eq!(done["Parts"], parts);
        assert!(
            text(&done, "ETag").ends_with(&format!("-{parts}\"")),
            "{done}"
        );
    }
    let help = world.ok(&["cp", "--help"]).stdout;
    assert!(
        help.contains("1048576") && help.contains("5368709120"),
        "{help}"
    );
}

// seed: S127, S129, S130, S141
#[test]
fn a_source_of_exactly_the_slice_size_is_one_request() {
    let world = with_source(MIB);
    let source = world.stat("s");
    let one = world.json(&["cp", &cos("s"), &cos("t"), "--slice-size", "1048576"]);
    assert_eq!((&one["Parts"], &one["ETag"]), (&0.into(), &source["ETag"]));
    let two = world.json(&["cp", &cos("s"), &cos("t"), "--slice-size", "1048575"]);
    assert_eq!(two["Parts"], 1);
    assert!(text(&two, "ETag").ends_with("-1\""), "{two}");
    assert_eq!(two["ETag"], world.stat("t")["ETag"]);
    world.put("empty", "");
    let empty = world.json(&["cp", &cos("empty"), &cos("t"), "--slice-size", "0"]);
    assert_eq!((&empty["Parts"], &empty["Size"]), (&0.into(), &0.into()));
}

// seed: S128
#[test]
fn the_slice_size_is_5_gib_by_default() {
    let world = with_source(64 * MIB);
    let assembled = |key: &str, parts: &[(&str, Option<&str>)]| {
        let begun = world.api("multipart-init", &["--key", key]);
        let id = text(&begun, "UploadId").to_owned();
        let mut flags = vec![
            "--key".to_owned(),
            key.to_owned(),
            "--upload-id".to_owned(),
            id.clone(),
        ];
        for (number, (source, range)) in parts.iter().enumerate() {
            let (number, source) = ((number + 1).to_string(), cos(source));
            let mut part = vec![
                "--key",
                key,
                "--upload-id",
                &id,
                "--part-number",
                &number,
                "--copy-source",
                &source,
            ];
            part.extend(
                range
                    .iter()
                    .flat_map(|range| ["--copy-source-range", range]),
            );
            let made = world.api("upload-part-copy", &part);
            flags.extend([
                "--part".to_owned(),
                format!("{number}:{}", text(&made, "ETag")),
            ]);
        }
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        world.api("multipart-complete", &flags);
    };
    assembled("half-gib", &[("s", None); 8]);
    assembled("five-gib", &[("half-gib", None); 10]);
    assembled("more", &[("five-gib", None), ("s", Some("bytes=0-0"))]);
    assert_eq!(world.stat("five-gib")["Size"], 5_368_709_120_u64);
    let one = world.json(&["cp", &cos("five-gib"), &cos("t")]);
    assert_eq!(
        (&one["Parts"], &one["Size"]),
        (&0.into(), &5_368_709_120_u64.into())
    );
    let many = world.json(&["cp", &cos("more"), &cos("u"), "--chunk-size", "5GiB"]);
    assert_eq!(
        (&many["Parts"], &many["Size"]),
        (&2.into(), &5_368_709_121_u64.into())
    );
    assert_eq!(world.stat("u")["CRC64"], world.stat("more")["CRC64"]);
}

// seed: S132, S133, S134, S135
#[test]
fn progress_is_numbers_that_never_go_back_and_end_at_the_whole() {
    let world = with_source(5 * MIB);
    let size = 5 * MIB as u64;
    world.put("empty", "");
    let (source, empty, target) = (cos("s"), cos("empty"), cos("t"));
    for (args, total) in [
        (
            vec![
                "cp",
                &source,
                &target,
                "--slice-size",
                "0",
                "--parallel",
                "1",
            ],
            size,
        ),
        (vec!["cp", &source, &target], size),
        (vec!["cp", &empty, &target], 0),
    ] {
        let events = progress(&world, &args);
        let mut before = 0;
        for event in &events {
            let loaded = event["loaded"].as_u64().unwrap();
            assert!(loaded >= before && loaded <= total, "{events:?}");
            before = loaded;
            assert_eq!(event["total"], total);
            assert!(event["speed"].as_f64().unwrap() >= 0.0);
            let percent = event["percent"].as_f64().unwrap();
            let whole = if total == 0 {
                percent
            } else {
                loaded as f64 / total as f64
            };
            assert!(
                (0.0..=1.0).contains(&percent) && (percent - whole).abs() < 1e-9,
                "{event}"
            );
        }
        let last = events.last().unwrap();
        assert_eq!(
            (&last["loaded"], &last["percent"]),
            (&total.into(), &1.0.into())
        );
    }
}

// seed: S136
#[test]
fn an_error_has_its_own_exit_code() {
    let world = with_source(2 * MIB);
    let told = world.refused(3, &["cp", &cos("none"), &cos("t"), "--slice-size", "0"]);
    assert_eq!(told["statusCode"], 404);
    assert!(told["headers"].is_object());
    let told = world.refused(
        5,
        &[
            "cp",
            &cos("s"),
            &cos("t"),
            "--slice-size",
            "0",
            "--if-match",
            "aa",
        ],
    );
    assert_eq!(told["statusCode"], 412);
    world.refused(
        3,
        &[
            "cp",
            &cos("s"),
            "cos://none-1250000000/t",
            "--slice-size",
            "0",
        ],
    );
    // Nothing is left of what failed.
    assert_eq!(
        world.json(&["ls", "--uploads", &cos("")]),
        serde_json::json!([])
    );
}

// seed: S137, S138, S139, S140, S141
#[test]
fn the_result_has_the_same_fields_on_both_paths() {
    let world = with_source(2 * MIB);
    let one = world.json(&["cp", &cos("s"), &cos("中/t")]);
    let two = world.json(&["cp", &cos("s"), &cos("中/t"), "--slice-size", "0"]);
    for done in [&one, &two] {
        assert_eq!(done["statusCode"], 200);
        assert!(!text(&done["headers"], "x-cos-request-id").is_empty());
        assert_eq!((text(done, "Bucket"), text(done, "Key")), (BUCKET, "中/t"));
        assert!(text(done, "Location").ends_with("/%E4%B8%AD/t"), "{done}");
        assert!(text(done, "ETag").starts_with('"') && text(done, "ETag").ends_with('"'));
        assert_eq!(done["Size"], 2 * MIB as u64);
    }
    assert_eq!(one["ETag"], world.stat("s")["ETag"]);
    let names = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&one), names(&two));
}
