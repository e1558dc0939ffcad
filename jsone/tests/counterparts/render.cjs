// Renders cases with npm `json-e`: a line of JSON in with `template` and `context`, a line out with `ok` or `error`.
// NODE_PATH says where the package is.
const readline = require('node:readline');
const jsone = require('json-e');

const render = ({template, context}) => {
  try {
    return {ok: jsone(template, context)};
  } catch (error) {
    return {error: String(error)};
  }
};

readline.createInterface({input: process.stdin}).on('line', line => {
  process.stdout.write(JSON.stringify(render(JSON.parse(line))) + '\n');
});
