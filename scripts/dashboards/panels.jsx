// One panel: its data through Grafana's transformations and field options, drawn with Grafana's components.
//
// The rule here: a type of panel, an option of a field or a transformation that is not known is an error, not a gap.
import * as data from '@grafana/data';
import { BarGauge, BigValue, PanelChrome, Table, TimeSeries } from '@grafana/ui';
import { Component } from 'react';
import { lastValueFrom } from 'rxjs';
import { Heatmap } from './heatmap.jsx';
import { framesOf, STEP } from './prometheus.js';

const { applyFieldOverrides, getFieldDisplayValues, Registry, standardTransformers, standardTransformersRegistry } = data;

const transformers = new Map(Object.values(standardTransformers).map(one => [one.id, one]));
standardTransformersRegistry.setInit(() => [...transformers.values()].map(one => (
  { id: one.id, name: one.name, transformation: () => Promise.resolve(one), editor: () => null })));

const PROCESSORS = {
  unit: data.unitOverrideProcessor, decimals: data.numberOverrideProcessor, min: data.numberOverrideProcessor,
  max: data.numberOverrideProcessor, displayName: data.displayNameOverrideProcessor,
  thresholds: data.thresholdsOverrideProcessor, mappings: data.valueMappingsOverrideProcessor,
  color: data.identityOverrideProcessor, noValue: data.identityOverrideProcessor,
};

/** The options that this panel uses, so that each is applied. */
function optionsOf({ defaults, overrides }) {
  const custom = new Set(Object.keys(defaults.custom ?? {}));
  for (const { id } of overrides.flatMap(one => one.properties)) {
    if (id.startsWith('custom.')) custom.add(id.slice('custom.'.length));
    else if (!PROCESSORS[id]) throw new Error(`field option ${id} is not known`);
  }
  const item = (id, isCustom) => ({
    id: isCustom ? `custom.${id}` : id, path: id, isCustom, name: id, editor: () => null, override: () => null,
    process: isCustom ? data.identityOverrideProcessor : PROCESSORS[id], shouldApply: () => true, settings: {},
  });
  return new Registry(() => [...Object.keys(PROCESSORS).map(id => item(id, false)), ...[...custom].map(id => item(id, true))]);
}

export async function load(panel, fill, theme) {
  for (const { id } of panel.transformations ?? []) {
    if (!transformers.has(id)) throw new Error(`transformation ${id} is not known`);
  }
  let frames = await framesOf(panel, fill);
  if (frames.length && panel.transformations) {
    frames = await lastValueFrom(data.transformDataFrame(panel.transformations, frames, { interpolate: fill }));
  }
  const fieldConfigRegistry = optionsOf(panel.fieldConfig);
  const fieldConfig = panel.fieldConfig;
  return applyFieldOverrides({ data: frames, fieldConfig, fieldConfigRegistry, replaceVariables: fill, theme, timeZone: 'utc' });
}

class Boundary extends Component {
  state = {};
  static getDerivedStateFromError(error) { return { error }; }
  componentDidCatch(error) { this.props.report(error); }
  render() { return this.state.error ? <pre style={{ color: 'salmon' }}>{String(this.state.error)}</pre> : this.props.children; }
}

export function Panel({ panel, frames, error, width, height, report, ...rest }) {
  const inside = (w, h) => (
    <Boundary report={report}>
      <Viz panel={panel} frames={frames} width={w} height={h} {...rest} />
    </Boundary>
  );
  return (
    <Boundary report={report}>
      <PanelChrome title={panel.title} description={panel.description} width={width} height={height} statusMessage={error}>
        {inside}
      </PanelChrome>
    </Boundary>
  );
}

function Viz({ panel, frames, width, height, theme, timeRange, fill }) {
  const { type, options, fieldConfig } = panel;
  if (!frames.length) return <NoData text={fieldConfig.defaults.noValue} height={height} big={type === 'stat'} />;
  switch (type) {
    case 'timeseries':
      return <TimeSeries frames={frames} structureRev={1} width={width} height={height} timeRange={timeRange} timeZone="utc"
        legend={options.legend} options={options} replaceVariables={fill} />;
    case 'stat': case 'bargauge':
      return <Values {...{ panel, frames, width, height, theme, fill }} />;
    case 'table':
      return <Table data={frames[0]} width={width} height={height} initialSortBy={options.sortBy} showTypeIcons={false} />;
    case 'heatmap':
      return <Heatmap panel={{ ...panel, step: 4 * STEP }} {...{ frames, width, height, theme, timeRange }} />;
    default:
      throw new Error(`panel type ${type} is not drawn`);
  }
}

function NoData({ text, height, big }) {
  return <div style={{ color: '#8e8e8e', textAlign: 'center', paddingTop: height / 2 - 12, fontSize: big ? 20 : 14 }}>{text}</div>;
}

function Values({ panel, frames, width, height, theme, fill }) {
  const { type, options, fieldConfig } = panel;
  const values = getFieldDisplayValues({
    fieldConfig, reduceOptions: options.reduceOptions, replaceVariables: fill, theme, data: frames, timeZone: 'utc',
    sparkline: options.graphMode === 'area',
  });
  if (type === 'stat') {
    const [{ display, sparkline }] = values;
    return <BigValue theme={theme} value={display} sparkline={sparkline} width={width} height={height} colorMode={options.colorMode}
      graphMode={options.graphMode} justifyMode={options.justifyMode} textMode={options.textMode} />;
  }
  const size = height / values.length;
  // As in Grafana, the bars begin where the longest name ends.
  const longest = values.reduce((a, b) => (a.display.title.length > b.display.title.length ? a : b)).display;
  const alignmentFactors = { title: longest.title, text: values.map(one => one.display.text).sort((a, b) => b.length - a.length)[0], suffix: longest.suffix };
  return values.sort((a, b) => b.display.numeric - a.display.numeric).map(({ display, view, colIndex, field }) => (
    <div key={display.title} style={{ height: size }}>
      <BarGauge theme={theme} value={display} field={field} display={view?.getFieldDisplayProcessor(colIndex)} width={width}
        height={size - 6} orientation={options.orientation} displayMode={options.displayMode} itemSpacing={8} lcdCellWidth={12}
        valueDisplayMode={options.valueMode} text={options.text} alignmentFactors={alignmentFactors} />
    </div>
  ));
}
