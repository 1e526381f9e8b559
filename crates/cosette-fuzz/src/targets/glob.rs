//! Wildcards once more, by a table of what matches what: slow, and with nothing to go back to.

/// Whether a text is of a pattern, in which `*` is any characters and `?`, if it is one, any single one.
pub(super) fn matches(pattern: &str, text: &str, question_mark: bool) -> bool {
    let text: Vec<char> = text.chars().collect();
    // Which beginnings of the text the pattern read so far matches.
    let mut reached: Vec<bool> = (0..=text.len()).map(|length| length == 0).collect();
    for wanted in pattern.chars() {
        let mut next = vec![false; text.len() + 1];
        let mut any_before = false;
        for length in 0..=text.len() {
            let here = reached.get(length).copied().unwrap_or(false);
            any_before |= here;
            let last = length.checked_sub(1);
            let before = last.is_some_and(|last| reached.get(last).copied().unwrap_or(false));
            let same = last.and_then(|last| text.get(last)) == Some(&wanted);
            let now = match wanted {
                '*' => any_before,
                '?' if question_mark => before,
                _ => before && same,
            };
            if let Some(place) = next.get_mut(length) {
                *place = now;
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}
