//! Line charts as inline SVG: no script, no foreign resource, colours from the page.

use std::fmt::Write as _;

/// One line of a chart.
pub(crate) struct Series {
    /// Name in the legend.
    pub(crate) name: &'static str,
    /// CSS class that colours it: `a` or `b`.
    pub(crate) class: &'static str,
    /// x in seconds, y in the chart's unit.
    pub(crate) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 200.0;
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 28.0;
const TOP: f64 = 12.0;

/// A chart of `series` over time; `floor` and `ceiling` are at least shown.
pub(crate) fn line_chart(title: &str, unit: &str, series: &[Series], floor: f64, ceiling: f64) -> String {
    let points = || series.iter().flat_map(|line| &line.points);
    let fold = |start: f64, pick: fn(f64, f64) -> f64, of: fn(&(f64, f64)) -> f64| points().map(of).fold(start, pick);
    let (low, high) = (fold(floor, f64::min, |point| point.1), fold(ceiling, f64::max, |point| point.1));
    let (from, to) = (fold(0.0, f64::min, |point| point.0), fold(1.0, f64::max, |point| point.0));
    let x = |value: f64| LEFT + (value - from) / (to - from) * (WIDTH - LEFT - 8.0);
    let y = |value: f64| TOP + (high - value) / (high - low).max(1e-9) * (HEIGHT - TOP - BOTTOM);

    let mut svg = format!(
        "<figure><figcaption>{title} <small>({unit})</small>{}</figcaption>\
         <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">",
        legend(series)
    );
    for value in ticks(low, high, 4.0) {
        let (at, right) = (y(value), WIDTH - 8.0);
        let label = label(value);
        line(&mut svg, (LEFT, at), (right, at));
        text(&mut svg, (LEFT - 6.0, at + 4.0), "end", &label);
    }
    for value in ticks(from, to, 10.0) {
        let (at, base) = (x(value), HEIGHT - BOTTOM);
        line(&mut svg, (at, base), (at, base + 4.0));
        text(&mut svg, (at, HEIGHT - 8.0), "middle", &format!("{} s", label(value)));
    }
    for one in series {
        let points: Vec<String> = one.points.iter().map(|(px, py)| format!("{:.1},{:.1}", x(*px), y(*py))).collect();
        push(&mut svg, format_args!("<polyline class=\"{}\" points=\"{}\"/>", one.class, points.join(" ")));
    }
    svg.push_str("</svg></figure>\n");
    svg
}

fn legend(series: &[Series]) -> String {
    series.iter().map(|one| format!(" <span class=\"key {}\">{}</span>", one.class, one.name)).collect()
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    push(svg, format_args!("<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>", from.0, from.1, to.0, to.1));
}

fn text(svg: &mut String, at: (f64, f64), anchor: &str, what: &str) {
    push(svg, format_args!("<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{what}</text>", at.0, at.1));
}

/// Appends; writing to a String cannot fail.
pub(crate) fn push(to: &mut String, what: std::fmt::Arguments<'_>) {
    to.write_fmt(what).ok();
}

/// Round values between two, about `wanted` of them.
fn ticks(low: f64, high: f64, wanted: f64) -> Vec<f64> {
    let raw = ((high - low) / wanted).max(1e-9);
    let magnitude = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * magnitude).into_iter().find(|step| *step >= raw);
    let step = step.unwrap_or(raw);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|index| index as f64 * step).collect()
}

fn label(value: f64) -> String {
    if value.fract().abs() < 1e-9 { format!("{value:.0}") } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(0.0, 15.0, 10.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0]);
        assert_eq!(ticks(-90.0, 0.0, 4.0), [-50.0, 0.0]);
        assert_eq!(ticks(0.0, 0.0, 4.0), [0.0]);
    }

    #[test]
    fn a_chart_without_points_is_still_a_chart() {
        let svg = line_chart("Delay", "ms", &[Series { name: "A", class: "a", points: Vec::new() }], 0.0, 10.0);
        assert!(svg.contains("<svg") && svg.ends_with("</figure>\n"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn higher_values_are_drawn_higher() {
        let points = vec![(0.0, 0.0), (10.0, 100.0)];
        let svg = line_chart("Delay", "ms", &[Series { name: "A", class: "a", points }], 0.0, 100.0);
        assert!(svg.contains("points=\"56.0,172.0 852.0,12.0\""), "{svg}");
    }
}
