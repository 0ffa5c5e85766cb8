// The report room's door: loaded only by the commands that draw, since the plotting library is large.

export { dataFigures } from "./data-figures.js";
export { type Figure, inGrid, standaloneSvg } from "./figure.js";
export { htmlPage } from "./page.js";
export { type AnalysisOptions, modelFigures, modelLists, reportPage, type ReportRun } from "./report.js";
export { searchFigures } from "./search-figures.js";
