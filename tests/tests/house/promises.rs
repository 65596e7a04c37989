//! What the documents promise is there: tests they name, files they link, keys they explain.

use crate::sources::{files, read};

/// Words in backticks that look like the name of a test: `several_words_like_these`.
fn named_tests(text: &str) -> Vec<String> {
    let words = text.split('`').skip(1).step_by(2);
    let like_a_test = |word: &&str| {
        word.matches('_').count() >= 3 && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    words.filter(like_a_test).map(str::to_owned).collect()
}

#[test]
fn every_test_that_the_requirements_name_exists() {
    let sources: Vec<String> = files("", ".rs").iter().map(read).collect();
    let named = named_tests(&read("docs/requirements.md"));
    assert!(named.len() > 30, "only {} tests are named", named.len());
    for name in named {
        let definition = format!("fn {name}(");
        assert!(sources.iter().any(|source| source.contains(&definition)), "no test is called {name}");
    }
}

#[test]
fn every_link_between_our_documents_leads_somewhere() {
    for path in files("", ".md") {
        let text = read(&path);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            let there = path.parent().unwrap().join(file);
            assert!(there.exists(), "{} links to {target}, which is not there", path.display());
        }
    }
}

#[test]
fn the_readme_shows_verbs_and_options_that_exist() {
    let arguments: String = files("clients/cli/src", ".rs")
        .iter()
        .filter(|path| path.to_string_lossy().contains("/args"))
        .map(read)
        .collect();
    let readme = read("README.md");
    let blocks: String = readme.split("```").skip(1).step_by(2).collect();
    let mut seen = 0;
    for line in blocks.lines().filter(|line| line.starts_with("ahoy ")) {
        for option in line.split_whitespace().filter_map(|word| word.strip_prefix("--")) {
            let field = format!("{}:", option.replace('-', "_"));
            assert!(arguments.contains(&field), "README uses --{option}");
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} options in the README's commands");
}
