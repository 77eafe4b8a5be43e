// Charts of the table that stands behind each, and the slider of the fallback's threshold.
// A <figure data-chart> holds the table: its first column is the x axis, and each column whose
// heading has data-series is a line; cells carry their numbers in data-value. Of the kind "share" both
// axes are shares, "counts" has bars of numbers, and any other kind lines of shares over numbers.
"use strict";

{
  const COLORS = { dnn: "--tblr-primary", baseline: "--tblr-orange" };
  const HEIGHT = 260;
  // Steps of an axis whose values are whole numbers: versions, samples, days, parses.
  const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000];

  const textColor = () => getComputedStyle(document.body).color;
  const colorOf = (name) =>
    COLORS[name] ? getComputedStyle(document.body).getPropertyValue(COLORS[name]).trim() : textColor();
  const number = (cell) => (cell?.dataset.value ? Number(cell.dataset.value) : null);
  const percent = (value) => (value === null ? "" : `${(value * 100).toFixed(1)} %`);

  // The x values, and of each line its name, label and values.
  const read = (figure) => {
    const table = figure.querySelector("table");
    const heads = [...table.tHead.rows[0].cells];
    const rows = [...table.tBodies[0].rows];
    const lines = heads
      .map((head, column) => ({ head, column }))
      .filter(({ head }) => head.dataset.series)
      .map(({ head, column }) => ({
        name: head.dataset.series,
        label: head.dataset.label ?? head.textContent.trim(),
        values: rows.map((row) => number(row.cells[column])),
        // How many annotations a point tells of, where cells say so: many make a large dot.
        weights: rows.map((row) => Number(row.cells[column]?.dataset.weight ?? 0)),
      }));
    const x = rows.map((row) => number(row.cells[0]));
    // What the table calls each place on the axis.
    const names = new Map(rows.map((row) => [number(row.cells[0]), row.cells[0].textContent.trim()]));
    // A table may begin with what is newest; a chart goes from left to right.
    if (x[0] > x[x.length - 1]) [x, ...lines.map((line) => line.values)].forEach((values) => values.reverse());
    // What is ideal is so from one end of the axis to the other.
    const ideal = figure.dataset.chart === "share" && lines.find((line) => line.name === "ideal");
    if (ideal) {
      for (const line of lines) line.values = [line === ideal ? 0 : null, ...line.values, line === ideal ? 1 : null];
      for (const line of lines) line.weights = [0, ...line.weights, 0];
      return { x: [0, ...x, 1], lines, names };
    }
    return { x, lines, names };
  };

  const axis = (values) => ({
    stroke: textColor,
    grid: { stroke: "rgba(128,128,128,.18)" },
    ticks: { show: false },
    size: 52,
    values,
  });

  // Dots as large as what they tell of.
  const dots = (lines) => (chart) => {
    lines.forEach((line, at) => {
      const most = Math.max(...line.weights);
      if (!most || !chart.series[at + 1].show) return;
      chart.ctx.fillStyle = colorOf(line.name);
      line.values.forEach((value, index) => {
        if (value === null) return;
        const radius = devicePixelRatio * (3 + 7 * Math.sqrt(line.weights[index] / most));
        chart.ctx.beginPath();
        chart.ctx.arc(chart.valToPos(chart.data[0][index], "x", true), chart.valToPos(value, "y", true), radius, 0, 7);
        chart.ctx.fill();
      });
    });
  };

  const draw = (figure) => {
    const { x, lines, names } = read(figure);
    const box = figure.querySelector("[data-chart-box]");
    const isShare = figure.dataset.chart === "share";
    const isCounts = figure.dataset.chart === "counts";
    const shown = (value) =>
      isShare ? `${Math.round(value * 100)} %` : isCounts ? (names.get(value) ?? "") : String(value);
    const most = Math.max(...lines.flatMap((line) => line.values));
    const isWeighted = (line) => line.weights.some(Boolean);
    const series = lines.map((line) => ({
      label: line.label,
      stroke: () => colorOf(line.name),
      width: isWeighted(line) ? 1 : 2,
      dash: line.name === "ideal" ? [5, 5] : undefined,
      points: { show: line.name !== "ideal" && !isWeighted(line) && !isCounts, size: 8, fill: () => colorOf(line.name) },
      ...(isCounts ? { fill: () => colorOf(line.name), paths: uPlot.paths.bars({ size: [0.7] }) } : {}),
      spanGaps: true,
      value: (_, value) => (isCounts ? (value ?? "") : percent(value)),
    }));
    const options = {
      width: box.clientWidth,
      height: HEIGHT,
      cursor: { drag: { x: false, y: false } },
      hooks: { draw: [dots(lines)] },
      scales: {
        // A bar stands on both sides of its place.
        x: { time: false, range: isShare ? [0, 1] : isCounts ? [x[0] - 0.5, x[x.length - 1] + 0.5] : undefined },
        y: {
          range: (_, low, high) =>
            isShare ? [0, 1] : isCounts ? [0, Math.max(1, most)] : [Math.max(0, low - 0.05), Math.min(1, high + 0.05)],
        },
      },
      axes: [
        // Versions and samples are whole numbers.
        { ...(isShare ? {} : { incrs: WHOLE }), ...axis((_, splits) => splits.map((value) => (isShare || Number.isInteger(value) ? shown(value) : ""))) },
        isCounts
          ? { incrs: WHOLE, ...axis((_, splits) => splits.map(String)) }
          : axis((_, splits) => splits.map((value) => `${Math.round(value * 100)} %`)),
      ],
      series: [{ label: figure.dataset.chartX ?? "", value: (_, value) => (value === null ? "" : shown(value)) }, ...series],
    };
    const chart = new uPlot(options, [x, ...lines.map((line) => line.values)], box);
    new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: HEIGHT })).observe(box);
    // The other theme has other colours.
    new MutationObserver(() => chart.redraw(false)).observe(document.documentElement, { attributes: true });
  };

  // --- threshold ---------------------------------------------------------------------------

  const move = (slider) => {
    const table = document.querySelector(slider.dataset.threshold);
    const rows = [...table.tBodies[0].rows];
    rows.forEach((row, at) => row.classList.toggle("chosen", at === Number(slider.value)));
    const chosen = rows[Number(slider.value)];
    for (const output of document.querySelectorAll("[data-threshold-output]"))
      output.textContent = chosen.cells[Number(output.dataset.thresholdOutput)].textContent;
    slider.setAttribute("aria-valuetext", chosen.cells[0].textContent);
  };

  document.addEventListener("input", (e) => {
    if (e.target.matches?.("[data-threshold]")) move(e.target);
  });

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-chart]").forEach(draw);
    document.querySelectorAll("[data-threshold]").forEach(move);
  });
}
