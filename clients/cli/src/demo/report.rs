//! The report: one HTML file that needs nothing else, in light and dark.

use super::chart::{Series, line_chart, push};
use super::figures::{Figures, SideFigures};
use super::script::{Held, SideRecord};
use super::side::Second;
use super::timeline::Timeline;

/// Levels are drawn for each of these, seconds.
const LEVEL_STEP_S: f64 = 0.1;

const STYLE: &str = "
:root { color-scheme: light dark; --back: #fff; --text: #1c1e21; --soft: #667; --line: #dde; --a: #0a66c2; --b: #c2410c; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14161a; --text: #e8eaed; --soft: #9aa4b2; --line: #2c313a; --a: #6cb2ff; --b: #ff9a62; }
}
body { background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p.verdict { color: var(--soft); margin-top: .2rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .2rem .6rem .2rem 0;
  border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.demo td { color: var(--soft); } .a { --c: var(--a); } .b { --c: var(--b); } td.who { color: var(--c, var(--soft)); }
figure { margin: 1rem 0; } figcaption { font-weight: 600; } figcaption small { font-weight: 400; color: var(--soft); }
.key { font-weight: 400; color: var(--c); margin-left: .8rem; }
svg { width: 100%; height: auto; } svg line { stroke: var(--line); } svg text { fill: var(--soft); font-size: 11px; }
svg polyline { fill: none; stroke: var(--c); stroke-width: 1.5; }
";

/// The whole page.
pub(crate) fn html(figures: &Figures, timeline: &Timeline, held: &Held) -> String {
    let verdict = match figures.verdict() {
        Ok(()) => "Each heard the other, and not itself.".to_owned(),
        Err(failure) => format!("Failed: {failure}."),
    };
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>A call with Ahoy</title><style>{STYLE}</style></head>\n\
         <body><h1>A call between two daemons</h1><p class=\"verdict\">{}</p>\n",
        escaped(&verdict)
    );
    page.push_str(&figures_table(figures));
    page.push_str("<h2>Over time</h2>\n");
    page.push_str(&charts(figures, held));
    page.push_str("<h2>What happened when</h2>\n");
    page.push_str(&happenings(timeline));
    page.push_str("</body></html>\n");
    page
}

fn figures_table(figures: &Figures) -> String {
    let number = |value: Option<f64>, digits: usize| value.map_or_else(|| "–".to_owned(), |v| format!("{v:.digits$}"));
    let mut table = "<table><tr><th></th><th class=\"n\">at A</th><th class=\"n\">at B</th></tr>\n".to_owned();
    let mut row = |what: &str, pick: &dyn Fn(&SideFigures) -> Option<f64>, digits: usize| {
        let (a, b) = (number(pick(&figures.a), digits), number(pick(&figures.b), digits));
        push(&mut table, format_args!("<tr><td>{what}</td><td class=\"n\">{a}</td><td class=\"n\">{b}</td></tr>\n"));
    };
    row("accept → the other is heard, ms", &|side| side.accept_to_audio_ms, 1);
    row("mouth to ear, ms (median)", &|side| side.mouth_to_ear_ms, 1);
    row("packets received", &|side| side.packets_received.map(|count| count as f64), 0);
    row("packets lost", &|side| side.packets_lost.map(|count| count as f64), 0);
    row("hears the other (correlation; at least 0.8)", &|side| Some(side.hears_other), 3);
    row("hears itself (correlation; less than 0.2)", &|side| Some(side.hears_itself), 3);
    row("CPU seconds a minute of talk", &|side| side.cpu_s_per_minute, 2);
    row("peak memory, MiB", &|side| side.peak_rss_bytes.map(|bytes| bytes as f64 / 1_048_576.0), 1);
    let ringing = number(Some(figures.offer_to_ringing_ms), 1);
    push(
        &mut table,
        format_args!("<tr><td>offer → it rings there, ms</td><td class=\"n\">{ringing}</td><td></td></tr></table>\n"),
    );
    table
}

fn charts(figures: &Figures, held: &Held) -> String {
    let start_ms = held.talk_ms.0;
    let two = |a: Vec<(f64, f64)>, b: Vec<(f64, f64)>| {
        [Series { name: "at A", class: "a", points: a }, Series { name: "at B", class: "b", points: b }]
    };
    let delays = |side: &SideFigures| side.delays.iter().map(|(at, ms)| ((at - start_ms) / 1000.0, *ms)).collect();
    let seconds = |record: &SideRecord, pick: &dyn Fn(&Second) -> Option<f64>| {
        let point = |second: &Second| Some(((second.at_ms - start_ms) / 1000.0, pick(second)?));
        record.seconds.iter().filter_map(point).collect::<Vec<_>>()
    };
    let lost = |record: &SideRecord| seconds(record, &|second| second.stats.loss_rate.map(|rate| rate * 100.0));
    let round_trip = |record: &SideRecord| seconds(record, &|second| second.stats.rtt_ms);
    let buffer = |record: &SideRecord| seconds(record, &|second| second.stats.jitter_buffer_ms);
    let mut all = String::new();
    all += &line_chart("Mouth to ear", "ms", &two(delays(&figures.a), delays(&figures.b)), 0.0, 60.0);
    all += &line_chart("Packets lost", "%", &two(lost(&held.a), lost(&held.b)), 0.0, 5.0);
    all += &line_chart("Round trip", "ms", &two(round_trip(&held.a), round_trip(&held.b)), 0.0, 2.0);
    all += &line_chart("Jitter buffer", "ms", &two(buffer(&held.a), buffer(&held.b)), 0.0, 60.0);
    let levels = |side: &SideFigures| side.heard.levels(LEVEL_STEP_S);
    let said = two(figures.a.said.levels(LEVEL_STEP_S), figures.b.said.levels(LEVEL_STEP_S));
    all += &line_chart("Level said", "dB below full scale", &said, -90.0, 0.0);
    all += &line_chart("Level heard", "dB below full scale", &two(levels(&figures.a), levels(&figures.b)), -90.0, 0.0);
    all
}

fn happenings(timeline: &Timeline) -> String {
    let mut table = "<table><tr><th class=\"n\">s</th><th>where</th><th>what</th><th></th></tr>\n".to_owned();
    for entry in timeline.entries() {
        let at = timeline.since_start_s(entry.at_ms);
        let (who, what, text) = (entry.who, escaped(&entry.what), escaped(&entry.text));
        let shown = if who == "demo" { String::new() } else { who.to_uppercase() };
        push(
            &mut table,
            format_args!(
                "<tr class=\"{who}\"><td class=\"n\">{at:.3}</td><td class=\"who\">{shown}</td>\
                 <td>{what}</td><td>{text}</td></tr>\n"
            ),
        );
    }
    table.push_str("</table>\n");
    table
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escaped("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
    }

    #[test]
    fn the_page_fetches_nothing() {
        for word in ["http:", "https:", "url(", "@import", "src="] {
            assert!(!STYLE.contains(word), "{word}");
        }
    }
}
