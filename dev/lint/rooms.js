/**
 * ESLint rules for the structure of the house; the rooms, arrows and doors themselves stand in eslint.config.js.
 *
 * - `arrows`: a room imports the rooms that are listed for it and no others, and of a closed one only its contract.
 * - `doors`: a package is imported by the files that are its door.
 * - `no-circle`: no file imports itself by way of others. Imports of types count: who follows them goes in circles too.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const IMPORT = /^(?:import|export)\b[^;]*?\bfrom '(\.[^']+)'/gm;

/** The imports of a file, as absolute paths. A run of ESLint sees each file once. */
const importsOf = (() => {
  const known = new Map();
  return (file) => {
    if (!known.has(file)) {
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      known.set(
        file,
        [...text.matchAll(IMPORT)].map(([, specifier]) => path.resolve(path.dirname(file), specifier)),
      );
    }
    return known.get(file);
  };
})();

/** Calls `check` with each import and re-export of the file. */
function onImports(check) {
  const visit = (node) => {
    if (node.source) check(node, node.source.value);
  };
  return {
    ImportDeclaration: visit,
    ExportNamedDeclaration: visit,
    ExportAllDeclaration: visit,
    ImportExpression: (node) => {
      if (node.source.type === 'Literal') check(node, node.source.value);
    },
  };
}

/** `relay/run` of `<src>/relay/run/flow.ts`, `relay` of `<src>/relay/relay.ts`; '' of a file in no room. */
function roomOf(src, file, arrows) {
  const [outer = '', inner = ''] = path.relative(src, file).split(path.sep);
  const name = `${outer}/${inner}`;
  return name in arrows ? name : outer in arrows ? outer : '';
}

const arrows = {
  meta: { type: 'problem', schema: [{ type: 'object' }] },
  create(context) {
    const { src, arrows: allowed, open } = context.options[0];
    const from = roomOf(src, context.filename, allowed);
    if (from === '') return {};
    const outer = from.split('/')[0];
    return onImports((node, specifier) => {
      if (!specifier.startsWith('.')) return;
      const file = path.resolve(path.dirname(context.filename), specifier);
      const to = roomOf(src, file, allowed);
      const toOuter = path.relative(src, file).split(path.sep)[0];
      const isContract = file === path.join(src, toOuter, `${toOuter}.ts`);
      if (toOuter === '..' || to === from) return;
      if (toOuter === outer) {
        // The contract of a room is open to the rooms in it, and imports none of them.
        if (!(to === outer && isContract) && !allowed[from].includes(to))
          context.report({ node, message: `${from} may not import ${to}: see the arrows in eslint.config.js.` });
        return;
      }
      const outward = from === outer ? allowed[from] : allowed[outer];
      if (!outward.includes(toOuter))
        context.report({ node, message: `${outer} may not import ${toOuter}: see the arrows in eslint.config.js.` });
      else if (!open.includes(toOuter) && !isContract)
        context.report({ node, message: `import only ${toOuter}/${toOuter}.ts, the contract of the room.` });
    });
  },
};

const doors = {
  meta: { type: 'problem', schema: [{ type: 'object' }] },
  create(context) {
    const { src, doors: doorsOf } = context.options[0];
    const file = path.relative(src, context.filename).split(path.sep).join('/');
    return onImports((node, specifier) => {
      const name = Object.keys(doorsOf).find((known) => specifier === known || specifier.startsWith(`${known}/`));
      if (
        name === undefined ||
        doorsOf[name].some((door) => file === door || (door.endsWith('/') && file.startsWith(door)))
      )
        return;
      context.report({ node, message: `${name} has one door: ${doorsOf[name].join(', ')}.` });
    });
  },
};

const noCircle = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const start = context.filename;
    return onImports((node, specifier) => {
      if (!specifier.startsWith('.')) return;
      const circle = wayBetween(path.resolve(path.dirname(start), specifier), start);
      if (circle === undefined) return;
      const names = circle.map((file) => path.relative(context.cwd, file));
      context.report({ node, message: `imports go in a circle: ${names.join(' → ')}` });
    });
  },
};

/** The shortest chain of imports that leads from one file to another, both included. */
function wayBetween(from, to) {
  const cameFrom = new Map([[from, undefined]]);
  for (const file of cameFrom.keys()) {
    if (file === to) {
      const way = [];
      for (let at = file; at !== undefined; at = cameFrom.get(at)) way.unshift(at);
      return way;
    }
    for (const next of importsOf(file)) if (!cameFrom.has(next)) cameFrom.set(next, file);
  }
  return undefined;
}

export default { rules: { arrows, doors, 'no-circle': noCircle } };
