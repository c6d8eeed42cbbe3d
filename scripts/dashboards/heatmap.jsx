// A heatmap of a histogram's buckets: Grafana's chart, its axes and its colours; the panel plugin's own cells are not in
// `@grafana/ui`, so they are painted here.
import { getValueFormat, formattedValueToString } from '@grafana/data';
import { AxisPlacement, ScaleDirection, ScaleOrientation } from '@grafana/schema';
import { UPlotChart, UPlotConfigBuilder } from '@grafana/ui';

const SCALE = 24; // pixels of the scale of colours

/** Cumulative buckets, ascending, as how many are in each; what is left of a subtraction of floats is none. */
function cells(frames, least) {
  const bound = frame => Number(frame.fields[1].labels.le.replace('+Inf', 'Infinity'));
  const sorted = [...frames].sort((a, b) => bound(a) - bound(b));
  const times = [...new Set(sorted.flatMap(frame => [...frame.fields[0].values]))].sort((a, b) => a - b);
  const at = frame => new Map([...frame.fields[0].values].map((time, row) => [time, frame.fields[1].values[row]]));
  const columns = sorted.map(at);
  const counts = columns.map((column, row) =>
    times.map(time => (column.get(time) ?? 0) - (row ? columns[row - 1].get(time) ?? 0 : 0)).map(count => (count > least ? count : 0)));
  return { bounds: sorted.map(bound), times, counts };
}

export function Heatmap({ panel, frames, width, height, theme, timeRange }) {
  const { bounds, times, counts } = cells(frames, panel.options.filterValues.le);
  const first = Math.max(0, counts.findIndex(row => row.some(count => count > 0)));
  const last = counts.length - [...counts].reverse().findIndex(row => row.some(count => count > 0));
  const most = Math.max(...counts.flat());
  const format = getValueFormat(panel.options.yAxis.unit);
  const label = row => (bounds[row] === Infinity ? '+Inf' : formattedValueToString(format(bounds[row], 0)));
  const shade = count => theme.visualization.getColorByName('dark-orange') + opacity(count / most, panel.options.color.exponent);

  const config = new UPlotConfigBuilder('utc');
  config.addScale({
    scaleKey: 'x', isTime: true, orientation: ScaleOrientation.Horizontal, direction: ScaleDirection.Right,
    range: () => [timeRange.from.valueOf(), timeRange.to.valueOf()],
  });
  config.addScale({
    scaleKey: 'y', orientation: ScaleOrientation.Vertical, direction: ScaleDirection.Up, range: () => [first, last],
  });
  config.addAxis({ scaleKey: 'x', isTime: true, placement: AxisPlacement.Bottom, timeZone: 'utc', theme });
  config.addAxis({
    scaleKey: 'y', placement: AxisPlacement.Left, theme, grid: { show: false }, splits: range(first, last + 1),
    values: (_, rows) => rows.map(row => (row > 0 ? label(row - 1) : '0')),
  });
  config.addSeries({ scaleKey: 'y', theme, show: false, pxAlign: 1 });
  config.addHook('draw', chart => paint(chart, { times, counts, first, last, shade, gap: panel.options.cellGap }));
  const data = [times, times.map(() => first)];
  return (
    <div>
      <UPlotChart width={width} height={height - SCALE} config={config} data={data} timeRange={timeRange} />
      <div style={{ display: 'flex', gap: 8, alignItems: 'center', fontSize: 12, paddingLeft: 8 }}>
        <span>1</span>
        <span style={{ width: 160, height: 10, background: `linear-gradient(90deg, ${shade(0)}, ${shade(most)})` }} />
        <span>{Math.round(most)} reconciles within {panel.step / 60} minutes</span>
      </div>
    </div>
  );
}

const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);
const opacity = (part, exponent) => Math.round(25 + 230 * part ** exponent).toString(16).padStart(2, '0');

function paint(chart, { times, counts, first, last, shade, gap }) {
  const step = times.length > 1 ? times[1] - times[0] : 1;
  chart.ctx.save();
  chart.ctx.beginPath();
  chart.ctx.rect(chart.bbox.left, chart.bbox.top, chart.bbox.width, chart.bbox.height);
  chart.ctx.clip();
  for (let row = first; row < last; row += 1) {
    const top = chart.valToPos(row + 1, 'y', true), bottom = chart.valToPos(row, 'y', true);
    times.forEach((time, column) => {
      if (!counts[row][column]) return;
      const left = chart.valToPos(time - step, 'x', true), right = chart.valToPos(time, 'x', true);
      chart.ctx.fillStyle = shade(counts[row][column]);
      chart.ctx.fillRect(left, top, right - left - gap, bottom - top - gap);
    });
  }
  chart.ctx.restore();
}
