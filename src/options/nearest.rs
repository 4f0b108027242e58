//! The known name that an unknown one was probably meant to be.

/// Longer names are no slips of the finger, and not worth the table.
const LONGEST: usize = 64;

/// The name of `known` that is fewest edits away from `name`, and whether it is near enough to have
/// been meant.
pub(super) fn nearest<'a>(
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> Option<(&'a str, bool)> {
    let name: Vec<char> =
        name.chars().take(LONGEST).flat_map(char::to_lowercase).map(underscored).collect();
    let (edits, best) = known.map(|other| (distance(&name, other), other)).min_by_key(|x| x.0)?;
    Some((best, edits <= 1 + best.len() / 4))
}

/// Names are written with underscores; a hyphen is no mistake worth an edit.
fn underscored(c: char) -> char {
    if c == '-' { '_' } else { c }
}

/// Levenshtein's distance: the fewest insertions, deletions and substitutions between the two.
fn distance(from: &[char], to: &str) -> usize {
    let mut row: Vec<usize> = (0..=from.len()).collect();
    for (above, wanted) in to.chars().enumerate() {
        let mut diagonal = above;
        row[0] = above + 1;
        for (i, &found) in from.iter().enumerate() {
            let substituted = diagonal + usize::from(found != wanted);
            diagonal = row[i + 1];
            row[i + 1] = substituted.min(diagonal + 1).min(row[i] + 1);
        }
    }
    row[from.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (from, to, edits) in [
            ("", "", 0),
            ("", "db", 2),
            ("db", "", 2),
            ("db", "db", 0),
            ("max_conections", "max_connections", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(&from.chars().collect::<Vec<_>>(), to), edits, "{from} {to}");
        }
    }

    #[test]
    fn near_and_far() {
        let known = ["db", "timeout", "max_connections"];
        let of = |name: &str| nearest(name, known.into_iter());
        assert_eq!(of("Max-Conections"), Some(("max_connections", true)));
        assert_eq!(of("time_out"), Some(("timeout", true)));
        assert_eq!(of("dbs"), Some(("db", true)));
        assert!(matches!(of("something_else"), Some((_, false))));
        assert!(matches!(of(&"x".repeat(100_000)), Some((_, false))));
        assert_eq!(nearest("x", [].into_iter()), None);
    }
}
