import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import ts from 'typescript';

/** Rules that neither the type checker, the linter nor the dependency checker can state. */

export interface Offence {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

const APPROVAL = /(^|\/)core\/guardian\/approved-order\.ts$|^\.\/approved-order\.ts$/;

export const sourceFiles = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

const parse = (file: string): ts.SourceFile =>
  ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);

const visit = (node: ts.Node, look: (node: ts.Node) => void): void => {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
};

const offences = (
  file: string,
  judge: (source: ts.SourceFile, report: (node: ts.Node, what: string) => void) => void,
): readonly Offence[] => {
  const source = parse(file);
  const found: Offence[] = [];
  judge(source, (node, what) =>
    found.push({ file, line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1, what }),
  );
  return found;
};

const moduleText = (node: ts.Expression | undefined): string =>
  node !== undefined && ts.isStringLiteralLike(node) ? node.text : '';

/**
 * The local name under which a file imports the class as a value; null when it does not. Whole-module imports are
 * offences at once.
 */
const importedName = (
  statement: ts.ImportDeclaration,
  report: (node: ts.Node, what: string) => void,
): string | null => {
  const clause = statement.importClause;
  if (clause === undefined || clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return null;
  const bindings = clause.namedBindings;
  if (bindings === undefined) return null;
  if (ts.isNamespaceImport(bindings)) {
    report(statement, 'imports the whole module of ApprovedOrder');
    return null;
  }
  const element = bindings.elements.find(
    (item) => !item.isTypeOnly && (item.propertyName ?? item.name).text === 'ApprovedOrder',
  );
  return element?.name.text ?? null;
};

/**
 * Only the Guardian approves. Elsewhere the class may be used as a type and in
 * `ApprovedOrder.isApprovedOrder(...)`, and in no other way: so no alias, index or re-export goes round it.
 */
export const approvalOffences = (file: string): readonly Offence[] =>
  offences(file, (source, report) => {
    let local: string | null = null;
    visit(source, (node) => {
      if (ts.isImportDeclaration(node) && APPROVAL.test(moduleText(node.moduleSpecifier)))
        local = importedName(node, report) ?? local;
      if (ts.isExportDeclaration(node) && !node.isTypeOnly && APPROVAL.test(moduleText(node.moduleSpecifier)))
        report(node, 'exports ApprovedOrder anew');
      if (
        ts.isCallExpression(node) &&
        node.expression.kind === ts.SyntaxKind.ImportKeyword &&
        APPROVAL.test(moduleText(node.arguments[0]))
      )
        report(node, 'imports ApprovedOrder at run time');
    });
    if (local === null) return;
    visit(source, (node) => {
      if (!ts.isIdentifier(node) || node.text !== local || isTypeOrImport(node)) return;
      const { parent } = node;
      const isCheck =
        ts.isPropertyAccessExpression(parent) && parent.expression === node && parent.name.text === 'isApprovedOrder';
      if (!isCheck) report(node, 'uses ApprovedOrder for more than a type or isApprovedOrder');
    });
  });

const isTypeOrImport = (node: ts.Identifier): boolean =>
  ts.isImportSpecifier(node.parent) ||
  ts.isTypeReferenceNode(node.parent) ||
  ts.isTypePredicateNode(node.parent) ||
  ts.isQualifiedName(node.parent);

const LOCAL =
  /^(toLocale\w*|localeCompare|get(Date|Day|FullYear|Hours|Milliseconds|Minutes|Month|Seconds|TimezoneOffset)|set(Date|FullYear|Hours|Milliseconds|Minutes|Month|Seconds)|toTimeString|toDateString)$/;

/** In core nothing depends on the machine: no current time, no time zone, no locale. */
export const purityOffences = (file: string): readonly Offence[] =>
  offences(file, (source, report) => {
    visit(source, (node) => {
      const isDate = (expression: ts.Expression): boolean => ts.isIdentifier(expression) && expression.text === 'Date';
      if (ts.isNewExpression(node) && isDate(node.expression) && (node.arguments?.length ?? 0) !== 1)
        report(node, 'new Date without exactly one argument reads the clock or the time zone');
      if (ts.isCallExpression(node) && isDate(node.expression)) report(node, 'Date() reads the clock');
      if (ts.isPropertyAccessExpression(node) && LOCAL.test(node.name.text))
        report(node, `${node.name.text} depends on the machine's zone or locale`);
    });
  });

/** Columns that the formatter keeps code within; comments it leaves as they are. */
const WIDTH = 120;

/** Comments are as narrow as code, so that nobody has to scroll for the end of a reason. */
export const wideComments = (file: string): readonly Offence[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((text, index) =>
      text.length > WIDTH && /^\s*(\/\/|\/?\*)/.test(text)
        ? [{ file, line: index + 1, what: `${text.length} columns` }]
        : [],
    );

/** Lines that a function may have of its own: about a screen. */
const SCREEN = 75;

type Body = ts.FunctionLikeDeclaration & { readonly body: ts.Node };
const hasBody = (node: ts.Node): node is Body => ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;

/**
 * Functions longer than a screen. What they hold of other functions is not counted: each of those is read by itself.
 */
export const longFunctions = (file: string): readonly Offence[] =>
  offences(file, (source, report) => {
    const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
    const span = (node: ts.Node): number => lineOf(node.getEnd()) - lineOf(node.getStart(source));
    const within = (node: ts.Node): number => {
      let lines = 0;
      ts.forEachChild(node, (child) => void (lines += hasBody(child) ? span(child) : within(child)));
      return lines;
    };
    visit(source, (node) => {
      const own = hasBody(node) ? span(node) + 1 - within(node) : 0;
      if (own > SCREEN) report(node, `a function of ${own} lines`);
    });
  });
