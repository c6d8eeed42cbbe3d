// Asks Prometheus, and makes data frames of what it answers, as Grafana's data source does.
import { FieldType, toDataFrame } from '@grafana/data';

const address = new URLSearchParams(location.search);
export const NOW = Number(address.get('to') ?? Date.now() / 1000);
export const RANGE = Number(address.get('range') ?? 3600);
export const STEP = Number(address.get('step') ?? 30);

export async function ask(path, parameters) {
  const body = new URLSearchParams({ time: NOW, ...parameters });
  const answer = await (await fetch(`/api/v1/${path}?${body}`)).json();
  if (answer.status !== 'success') throw new Error(answer.error);
  return answer.data.result;
}

const number = text => ({ '+Inf': Infinity, '-Inf': -Infinity })[text] ?? Number(text);
const field = (name, type, values, more) => ({ name, type, values, ...more });

/** `fill` puts the values of variables into a text. */
export async function framesOf(panel, fill) {
  const frames = [];
  for (const target of panel.targets.filter(target => !target.hide)) {
    const query = fill(target.expr), { refId } = target;
    if (target.instant) {
      const result = await ask('query', { query });
      if (target.format === 'table') frames.push(table(refId, result));
      else frames.push(...result.map(one => series(target, one, [one.value])));
    } else {
      const start = Math.ceil((NOW - RANGE) / STEP) * STEP;
      const result = await ask('query_range', { query, start, end: NOW, step: STEP });
      frames.push(...result.map(one => series(target, one, one.values)));
    }
  }
  return frames.filter(frame => frame.length > 0);
}

function series(target, { metric }, points) {
  const config = { displayNameFromDS: legend(target, metric) };
  return toDataFrame({
    refId: target.refId,
    fields: [
      field('Time', FieldType.time, points.map(([at]) => at * 1000)),
      field('Value', FieldType.number, points.map(([, value]) => number(value)), { labels: metric, config }),
    ],
  });
}

function table(refId, result) {
  const labels = [...new Set(result.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const column = label => field(label, FieldType.string, result.map(({ metric }) => metric[label] ?? ''));
  return toDataFrame({
    refId,
    fields: [
      field('Time', FieldType.time, result.map(({ value }) => value[0] * 1000)),
      ...labels.map(column),
      field('Value', FieldType.number, result.map(({ value }) => number(value[1]))),
    ],
  });
}

function legend({ legendFormat }, metric) {
  if (legendFormat !== '__auto') return legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => metric[label] ?? '');
  const labels = Object.entries(metric).filter(([label]) => label !== '__name__');
  return labels.length ? `{${labels.map(([label, value]) => `${label}="${value}"`).join(', ')}}` : 'Value';
}
