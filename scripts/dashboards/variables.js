// The variables of a dashboard: which values they have, and how they are filled into what is asked and shown.
//
// The rule here: a variable that is not chosen in the address is All, or its first value where there is no All.
import { ask } from './prometheus.js';

const escape = text => text.replace(/[\\^$*+?.()|[\]{}]/g, '\\\\$&');

/** What stands for `$name`, by name, and what to show of it. */
export async function resolve(list, chosen, builtin) {
  const values = { ...builtin }, shown = [];
  for (const variable of list) {
    if (variable.type === 'datasource') {
      values[variable.name] = 'prometheus';
      continue;
    }
    const options = await optionsOf(variable, values);
    const picked = chosen[variable.name] ?? [];
    const all = picked.length === 0 && variable.includeAll;
    const used = all ? options : picked.length ? picked : options.slice(0, 1);
    values[variable.name] = all && variable.allValue ? variable.allValue : used.map(escape).join('|');
    shown.push({ name: variable.name, label: variable.label, options, picked });
  }
  return { values, shown };
}

async function optionsOf({ query, regex, name }, values) {
  const text = fill(query.query, values);
  const [, series, label] = text.match(/^label_values\((.*), *(\w+)\)$/s) ?? [];
  const [, expression] = text.match(/^query_result\((.*)\)$/s) ?? [];
  if (!series && !expression) throw new Error(`variable ${name}: ${text} is not understood`);
  let found;
  if (series) {
    found = (await ask('query', { query: `group by (${label}) (${series})` })).map(one => one.metric[label]);
  } else {
    // What Grafana shows of a result, before the expression of the variable picks a part of it.
    const asText = ({ metric, value }) => `{${Object.entries(metric).map(([k, v]) => `${k}="${v}"`).join(',')}} ${value[1]}`;
    const pattern = new RegExp(regex.slice(1, -1));
    found = (await ask('query', { query: expression })).map(one => asText(one).match(pattern)?.[1]);
  }
  return [...new Set(found.filter(Boolean))].sort();
}

export function fill(text = '', values) {
  return String(text).replace(/\$(\w+)|\$\{(\w+)(?::\w+)?\}/g, (whole, bare, braced) => values[bare ?? braced] ?? whole);
}
