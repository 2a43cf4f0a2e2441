// A search client for InstantSearch (https://www.algolia.com/doc/guides/building-search-ui/what-is-instantsearch/js/)
// that asks Freshline's HTTP API. See docs/clients.md.

const NUMBERS = { price: ["min_price", "max_price"], rating: ["min_rating"] };
const ONE_OF = ["brand", "seller", "availability", "category"];
const ATTRIBUTE = "attributes.";
const SORTS = ["price_asc", "price_desc", "rating", "newest"];
const LEVELS = " > "; // What InstantSearch writes between the levels of a hierarchicalMenu.
const PAGE_MAX = 100;
const OFFSET_MAX = 10000; // How far down the API shows hits.

// Return a client. `api`: the address of the API. `always`: parameters of every search, such as { currency: "EUR" }.
// `empty`: the filters that are shown where there is neither a query nor a filter, such as
// { availability: "in_stock" }; without it nothing is found then.
export function freshlineSearchClient({ api = "", always = {}, empty = null } = {}) {
  const ask = (parameters) => asked(api, { ...always, ...parameters });
  const refinedOf = new Map(); // The refined values of the last search, by the name of its index.
  return {
    async search(requests) {
      const searches = requests.map(({ indexName, params }) => read(indexName, params ?? {}));
      // A request that counts a field leaves out what is refined of it: the others of the index say it.
      const refined = refinedByIndex(searches);
      refined.forEach((values, indexName) => refinedOf.set(indexName, values));
      const answers = new Map();
      const answerOf = (search) => {
        // The counts of a field leave out its own filter, so the queries that InstantSearch adds for the counts of one
        // field are answered by the search that they belong to.
        const whole = searches.find((other) => covers(other, search)) ?? search;
        if (!answers.has(whole)) answers.set(whole, found(ask, whole, empty));
        return answers.get(whole);
      };
      const results = searches.map(async (search) => result(search, await answerOf(search), refined.get(search.indexName)));
      return { results: await Promise.all(results) };
    },
    async searchForFacetValues(requests) {
      const hits = ({ indexName, params }) => facetHits(ask, read(indexName, params), params, refinedOf.get(indexName), empty);
      return Promise.all(requests.map(hits));
    },
  };
}

// Return what a request of InstantSearch asks, in Freshline's terms.
function read(indexName, params) {
  if (params.filters) throw new Error("filters: Freshline reads facetFilters and numericFilters alone");
  return {
    indexName,
    params,
    query: (params.query ?? "").trim(),
    sort: SORTS.find((sort) => indexName.endsWith(`_${sort}`)) ?? indexName.match(/_(attributes\..+)$/)?.[1],
    filters: { ...oneOf(params.facetFilters), ...numbers(params.numericFilters) },
    refined: [params.facetFilters ?? []].flat(2).map(valueOf),
    facets: [params.facets ?? []].flat(),
    page: params.page ?? 0,
    hitsPerPage: Math.min(PAGE_MAX, params.hitsPerPage ?? 20),
  };
}

function refinedByIndex(searches) {
  const refined = new Map();
  for (const search of searches) refined.set(search.indexName, [...(refined.get(search.indexName) ?? []), ...search.refined]);
  return refined;
}

// The outer list means all of its elements, an inner one any of its values, which are of one field.
function oneOf(facetFilters) {
  const filters = {};
  for (const any of [facetFilters ?? []].flat()) {
    const given = [any].flat().map(valueOf);
    const names = [...new Set(given.map(({ name }) => name))];
    if (names.length > 1) throw new Error(`${names.join(", ")}: one of several fields is no filter of Freshline`);
    const [name] = names;
    if (filters[name] && name !== "category") throw new Error(`${name}: an item with all of several values is no filter`);
    filters[name] = given.map(({ text }) => text);
  }
  return parametersByName(filters);
}

function valueOf(value) {
  const colon = value.startsWith(ATTRIBUTE) ? value.indexOf(":", ATTRIBUTE.length) : value.indexOf(":");
  const name = field(value.slice(0, colon));
  if (!ONE_OF.includes(name) && !name.startsWith(ATTRIBUTE)) throw new Error(`${name}: Freshline has no such filter`);
  const text = value.slice(colon + 1);
  if (text.startsWith("-")) throw new Error(`${name}: Freshline excludes no values`);
  // A minus that belongs to the value is escaped.
  const said = text.replace(/^\\-/, "-");
  return { name, said, text: name === "category" ? said.split(LEVELS).at(-1) : said };
}

// Attributes are one parameter, attribute=NAME:VALUE.
function parametersByName(filters) {
  const parameters = {};
  for (const [name, values] of Object.entries(filters)) {
    if (!name.startsWith(ATTRIBUTE)) parameters[name] = values;
    else (parameters.attribute ??= []).push(...values.map((value) => `${name.slice(ATTRIBUTE.length)}:${value}`));
  }
  return parameters;
}

function numbers(numericFilters) {
  const filters = {};
  const conditions = [numericFilters ?? []].flat().map((any) => [any].flat());
  if (conditions.some((any) => any.length > 1)) throw new Error("numericFilters: one of several bounds is no filter of Freshline");
  for (const condition of conditions.flat()) {
    const [, name, sign, number] = /^(\w+)\s*(>=|<=|=)\s*(-?[\d.]+)$/.exec(condition) ?? [];
    const [least, most] = NUMBERS[name] ?? [];
    if (!least) throw new Error(`${condition}: Freshline compares price and rating, by >=, <= and =`);
    // All of them count: the tightest ones.
    if (sign !== "<=") filters[least] = Math.max(Number(number), filters[least] ?? -Infinity);
    // A rating is never above 5, as ratingMenu asks.
    if (sign !== ">=" && most) filters[most] = Math.min(Number(number), filters[most] ?? Infinity);
  }
  return filters;
}

// The levels of a category are attributes of their own in InstantSearch: category.lvl0, category.lvl1 ...
const field = (attribute) => (attribute.startsWith("category.lvl") ? "category" : attribute);
const fieldsOf = (search) => [...new Set(search.facets.map(field))];

// Return the filters without those of one field.
function withoutOwn(filters, name) {
  if (!name.startsWith(ATTRIBUTE)) return without(filters, NUMBERS[name] ?? [name]);
  const others = (filters.attribute ?? []).filter((value) => !value.startsWith(`${name.slice(ATTRIBUTE.length)}:`));
  return { ...without(filters, ["attribute"]), ...(others.length ? { attribute: others } : {}) };
}

// Return whether the answer to `whole` has the counts that `part` asks for.
function covers(whole, part) {
  if (whole === part) return true;
  if (part.hitsPerPage !== 0 || whole.hitsPerPage === 0) return false;
  if (whole.query !== part.query || whole.sort !== part.sort) return false;
  const fields = fieldsOf(part);
  if (fields.length !== 1 || !fieldsOf(whole).includes(fields[0])) return false;
  return same(withoutOwn(whole.filters, fields[0]), withoutOwn(part.filters, fields[0]));
}

const without = (filters, names) => Object.fromEntries(Object.entries(filters).filter(([name]) => !names.includes(name)));
const same = (one, other) => JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());

async function found(ask, search, empty) {
  const parameters = parametersOf(search, empty);
  if (parameters === null) return { hits: [], total: 0, total_is_exact: true, facets: {}, took_ms: 0 };
  const answer = ask({ ...parameters, highlight: true });
  const stats = fieldsOf(search).includes("price") ? priceStats(ask, parameters) : {};
  return { ...(await answer), stats: await stats };
}

function parametersOf(search, empty) {
  const nothingAsked = !search.query && !Object.keys(search.filters).length;
  if (nothingAsked && empty === null) return null;
  return {
    ...(nothingAsked ? empty : search.filters),
    q: search.query || undefined,
    sort: search.sort,
    facets: fieldsOf(search).join(",") || undefined,
    limit: Math.max(1, search.hitsPerPage),
    offset: Math.min(OFFSET_MAX, firstOf(search)),
  };
}

// Return the lowest and the highest price of what is found, whatever the bounds on prices; nothing where items have
// prices in several currencies.
async function priceStats(ask, { facets, offset, min_price, max_price, ...parameters }) {
  const edge = async (sort) => (await ask({ ...parameters, sort, limit: 1 })).hits[0]?.price;
  try {
    const [min, max] = await Promise.all([edge("price_asc"), edge("price_desc")]);
    return min == null || max == null ? {} : { price: { min, max } };
  } catch {
    return {};
  }
}

const firstOf = (search) => search.page * search.hitsPerPage;

function result(search, answer, refined) {
  const { hits, total, facets, stats, ...more } = answer;
  const perPage = search.hitsPerPage;
  const pagesMax = Math.floor(OFFSET_MAX / perPage) + 1;
  return {
    index: search.indexName,
    query: search.query,
    params: "",
    hits: perPage && firstOf(search) <= OFFSET_MAX ? hits.map((hit) => shown(hit, search.params)) : [],
    nbHits: total,
    page: search.page,
    hitsPerPage: perPage,
    nbPages: perPage ? Math.min(pagesMax, Math.ceil(total / perPage)) : 0,
    exhaustiveNbHits: answer.total_is_exact,
    processingTimeMS: Math.round(answer.took_ms),
    facets: counts(facets, search.facets, refined),
    facets_stats: stats ?? {},
    freshline: more, // fresh_as_of, understood, did_you_mean, relaxed: what InstantSearch has no name for.
  };
}

function shown(hit, params) {
  const { highlights, ...item } = hit;
  const mark = (fragments) => marked(fragments ?? [], params.highlightPreTag ?? "<em>", params.highlightPostTag ?? "</em>");
  const levels = item.category.map((_, depth) => [`category.lvl${depth}`, item.category.slice(0, depth + 1).join(LEVELS)]);
  return {
    ...item,
    ...Object.fromEntries(levels),
    objectID: item.product_id,
    _highlightResult: { title: mark(highlights?.title) },
    _snippetResult: { description: mark(highlights?.description) },
  };
}

// InstantSearch escapes the text between its own tags.
function marked(fragments, before, after) {
  const value = fragments.map(({ text, matched }) => (matched ? `${before}${text}${after}` : text)).join("");
  const matchedWords = fragments.filter(({ matched }) => matched).map(({ text }) => text.toLowerCase());
  return { value, matchLevel: matchedWords.length ? "partial" : "none", matchedWords };
}

// Names are compared as the API compares them: whatever their case, composition, width and blanks. JavaScript folds no
// case: by way of lower case ẞ is ß, by way of upper case that is ss; ı alone must not become i on that way.
function nameKey(text) {
  const visible = text.replace(/\p{Default_Ignorable_Code_Point}/gu, "").normalize("NFKC");
  const folded = visible.toLowerCase().replace(/[^ı]+/g, (part) => part.toUpperCase().toLowerCase());
  return folded.normalize("NFKC").split(/\s+/).filter(Boolean).join(" ");
}

const pathKey = (path) => path.map(nameKey).join(LEVELS);

// A widget knows a refined value, and the levels above it, by its letters, and items may write it in others.
function asRefined(attribute, values, refined) {
  const name = field(attribute);
  if (name !== "brand" && name !== "category" && !name.startsWith(ATTRIBUTE)) return values;
  const pathOf = (text) => (name === "category" ? text.split(LEVELS) : [text]);
  const paths = refined.filter((one) => one.name === name).map(({ said }) => pathOf(said));
  const levels = paths.flatMap((path) => path.map((_, depth) => path.slice(0, depth + 1)));
  const spelling = new Map(levels.map((path) => [pathKey(path), path]));
  const spelled = (value) => {
    const path = pathOf(value);
    for (let depth = path.length; depth > 0; depth -= 1) {
      const known = spelling.get(pathKey(path.slice(0, depth)));
      if (known) return [...known, ...path.slice(depth)].join(LEVELS);
    }
    return value;
  };
  return Object.fromEntries(Object.entries(values).map(([value, count]) => [spelled(value), count]));
}

function counts(facets, attributes, refined = []) {
  const levels = [];
  const walk = (refinements, above) => {
    for (const { value, count, children } of refinements ?? []) {
      const path = [...above, value];
      (levels[above.length] ??= {})[path.join(LEVELS)] = count;
      walk(children, path);
    }
  };
  walk(facets.category, []);
  const flat = (name) => Object.fromEntries((facets[name] ?? []).map(({ value, count }) => [value, count]));
  const of = (attribute) =>
    field(attribute) === "category" ? levels[Number(attribute.slice("category.lvl".length))] : flat(attribute);
  return Object.fromEntries(attributes.map((attribute) => [attribute, asRefined(attribute, of(attribute) ?? {}, refined)]));
}

async function facetHits(ask, search, { facetName, facetQuery, maxFacetHits = 10 }, refined, empty) {
  const asks = { ...search, facets: [facetName], hitsPerPage: 0, page: 0, filters: withoutOwn(search.filters, field(facetName)) };
  const answer = await found(ask, asks, empty);
  const sought = facetQuery.toLowerCase();
  const values = Object.entries(counts(answer.facets, [facetName], refined)[facetName]);
  const hits = values.filter(([value]) => value.toLowerCase().includes(sought)).slice(0, maxFacetHits);
  return {
    facetHits: hits.map(([value, count]) => ({ value, count, highlighted: value })),
    exhaustiveFacetsCount: true,
    processingTimeMS: Math.round(answer.took_ms),
  };
}

async function asked(api, parameters) {
  const given = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]) => [value].flat().map((each) => [name, each]));
  const answer = await fetch(`${api}/search?${new URLSearchParams(given)}`);
  const body = await answer.json().catch(() => null); // A proxy in between answers in HTML.
  if (!answer.ok || body === null) throw new Error(body?.error?.message ?? `the API answers HTTP ${answer.status}`);
  return body;
}
