//! A fresh clone needs nothing but itself: no file names a folder outside the project.

use std::fs;

use crate::sources::{files, top};

/// Folders of somebody's machine. Put together here so that this file does not name them itself.
fn foreign() -> Vec<String> {
    let outside = |parts: &[&str]| parts.concat();
    vec![
        outside(&["/", "work", "/"]),
        outside(&["../", "shared"]),
        outside(&["../.", "library"]),
        outside(&["/", "root", "/"]),
        outside(&["/", "home", "/"]),
        outside(&["/", "Users", "/"]),
    ]
}

#[test]
fn no_file_names_a_place_outside_the_project() {
    let mut seen = 0;
    for path in files("", "") {
        let bytes = fs::read(&path).unwrap();
        // Recordings and other binary files hold no paths of ours.
        let Ok(text) = String::from_utf8(bytes) else { continue };
        seen += 1;
        for (number, line) in text.lines().enumerate() {
            for place in foreign() {
                let shown = path.strip_prefix(top()).unwrap().display();
                assert!(!line.contains(&place), "{shown}:{} names {place}", number + 1);
            }
        }
    }
    assert!(seen > 50, "only {seen} files were read");
}
