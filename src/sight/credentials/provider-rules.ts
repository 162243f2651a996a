/**
 * Forms of credentials by who issues them. Each is looked for only where its keyword is, and matched at that place, so
 * a pattern must begin with it (or, with `before`, a few characters ahead of it) and every repetition in it is bounded.
 *
 * Sources: what the providers publish about the forms of their tokens.
 */

export interface ProviderRule {
  /** Stable. */
  readonly id: string;
  readonly title: string;
  /** In lower case; the pattern is tried where it occurs. */
  readonly keyword: string;
  /** How many characters ahead of the keyword the pattern begins. */
  readonly before: number;
  readonly pattern: RegExp;
  readonly sensitivity: number;
  /** Bits per character that what was found must have at least: placeholders have few. */
  readonly entropyMin: number;
}

interface Options {
  readonly sensitivity?: number;
  readonly before?: number;
  readonly entropyMin?: number;
}

/** Cloud-wide or account-wide by default less than an administrator's. */
const usual = 0.8;

function rule(id: string, title: string, keyword: string, pattern: string, options: Options = {}): ProviderRule {
  const { sensitivity = usual, before = 0, entropyMin = 2.5 } = options;
  return { id, title, keyword, before, pattern: new RegExp(pattern, "y"), sensitivity, entropyMin };
}

export const providerRules: readonly ProviderRule[] = [
  rule("aws-access-key", "the id of an AWS access key", "akia", "AKIA[A-Z2-7]{16}(?![A-Za-z0-9])", {
    sensitivity: 0.9,
  }),
  rule("aws-temporary-key", "the id of a temporary AWS access key", "asia", "ASIA[A-Z2-7]{16}(?![A-Za-z0-9])"),
  rule(
    "azure-client-secret",
    "a client secret of Microsoft Entra",
    "q~",
    "[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",
    {
      before: 4,
      sensitivity: 0.9,
    },
  ),
  rule(
    "azure-storage-key",
    "the account key of an Azure storage account",
    "accountkey=",
    "AccountKey=[A-Za-z0-9+/]{86}==",
    {
      sensitivity: 0.9,
    },
  ),
  rule(
    "azure-shared-access-key",
    "a shared access key of Azure",
    "sharedaccesskey=",
    "SharedAccessKey=[A-Za-z0-9+/]{43}=",
  ),
  rule("google-api-key", "an API key of Google", "aiza", "AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
  rule("google-client-secret", "an OAuth client secret of Google", "gocspx-", "GOCSPX-[A-Za-z0-9_-]{28}"),
  rule("google-access-token", "an access token of Google", "ya29.", "ya29\\.[A-Za-z0-9_-]{30,512}", {
    sensitivity: 0.6,
  }),
  rule("github-token", "a token of GitHub", "ghp_", "ghp_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
  rule("github-oauth-token", "an OAuth token of GitHub", "gho_", "gho_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
  rule("github-app-token", "a token of a GitHub app", "ghs_", "ghs_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
  rule("github-user-token", "a token of a GitHub app for a user", "ghu_", "ghu_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
  rule("github-refresh-token", "a refresh token of GitHub", "ghr_", "ghr_[A-Za-z0-9]{36,76}(?![A-Za-z0-9])"),
  rule(
    "github-fine-token",
    "a fine-grained token of GitHub",
    "github_pat_",
    "github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
  ),
  rule("gitlab-token", "a token of GitLab", "glpat-", "glpat-[A-Za-z0-9_-]{20,64}"),
  rule("gitlab-deploy-token", "a deploy token of GitLab", "gldt-", "gldt-[A-Za-z0-9_-]{20,64}"),
  rule("gitlab-runner-token", "a runner's token of GitLab", "glrt-", "glrt-[A-Za-z0-9_-]{20,64}"),
  rule("gitlab-trigger-token", "a trigger token of GitLab", "glptt-", "glptt-[a-f0-9]{40}"),
  rule("slack-bot-token", "a bot token of Slack", "xoxb-", "xoxb-[0-9A-Za-z-]{20,200}"),
  rule("slack-user-token", "a user token of Slack", "xoxp-", "xoxp-[0-9A-Za-z-]{20,200}"),
  rule("slack-app-token", "an app token of Slack", "xapp-", "xapp-[0-9A-Za-z-]{20,200}"),
  rule(
    "slack-webhook",
    "an incoming webhook of Slack",
    "hooks.slack.com/services/",
    "hooks\\.slack\\.com/services/T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/[A-Za-z0-9]{20,30}",
    { sensitivity: 0.5 },
  ),
  rule("stripe-live-key", "a live key of Stripe", "sk_live_", "sk_live_[0-9A-Za-z]{16,200}", { sensitivity: 0.9 }),
  rule("stripe-restricted-key", "a restricted live key of Stripe", "rk_live_", "rk_live_[0-9A-Za-z]{16,200}"),
  rule("stripe-test-key", "a test key of Stripe", "sk_test_", "sk_test_[0-9A-Za-z]{16,200}", { sensitivity: 0.3 }),
  rule("sendgrid-key", "an API key of SendGrid", "sg.", "SG\\.[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}"),
  rule("npm-token", "a token of npm", "npm_", "npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
  rule("pypi-token", "a token of PyPI", "pypi-ageichlwas5vcmc", "pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,512}"),
  rule("rubygems-key", "an API key of RubyGems", "rubygems_", "rubygems_[a-f0-9]{48}"),
  rule("vault-token", "a token of Vault", "hvs.", "hvs\\.[A-Za-z0-9_-]{24,512}", { sensitivity: 0.9 }),
  rule("vault-batch-token", "a batch token of Vault", "hvb.", "hvb\\.[A-Za-z0-9_-]{50,512}"),
  rule("openshift-token", "a token of OpenShift", "sha256~", "sha256~[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"),
  rule("docker-token", "a token of Docker Hub", "dckr_pat_", "dckr_pat_[A-Za-z0-9_-]{27}"),
  rule("digitalocean-token", "a token of DigitalOcean", "dop_v1_", "dop_v1_[a-f0-9]{64}"),
  rule("databricks-token", "a token of Databricks", "dapi", "dapi[a-f0-9]{32}(?![a-f0-9])"),
  rule("terraform-token", "a token of HCP Terraform", ".atlasv1.", "[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_-]{60,70}", {
    before: 14,
  }),
  rule("grafana-token", "a service account token of Grafana", "glsa_", "glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}"),
  rule("grafana-cloud-token", "a token of Grafana Cloud", "glc_", "glc_[A-Za-z0-9+/]{32,400}={0,2}"),
  rule("anthropic-key", "an API key of Anthropic", "sk-ant-", "sk-ant-[A-Za-z0-9_-]{40,200}"),
  rule("openai-project-key", "an API key of OpenAI", "sk-proj-", "sk-proj-[A-Za-z0-9_-]{40,200}"),
  rule("openai-key", "an API key of OpenAI", "t3blbkfj", "sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}", { before: 23 }),
  rule("huggingface-token", "a token of Hugging Face", "hf_", "hf_[A-Za-z]{34}(?![A-Za-z0-9])"),
  rule("newrelic-key", "a user key of New Relic", "nrak-", "NRAK-[A-Z0-9]{27}"),
  rule("mailgun-key", "an API key of Mailgun", "key-", "key-[a-f0-9]{32}(?![A-Za-z0-9-])"),
  rule("shopify-token", "an access token of Shopify", "shpat_", "shpat_[a-fA-F0-9]{32}"),
  rule("telegram-token", "a bot token of Telegram", ":aa", "[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])", {
    before: 10,
  }),
  rule("postman-key", "an API key of Postman", "pmak-", "PMAK-[A-Fa-f0-9]{24}-[A-Fa-f0-9]{34}"),
  rule("doppler-token", "a token of Doppler", "dp.pt.", "dp\\.pt\\.[A-Za-z0-9]{40,44}"),
  rule("pulumi-token", "a token of Pulumi", "pul-", "pul-[a-f0-9]{40}"),
  rule("planetscale-token", "a token of PlanetScale", "pscale_tkn_", "pscale_tkn_[A-Za-z0-9_.-]{32,64}"),
  rule("linear-key", "an API key of Linear", "lin_api_", "lin_api_[A-Za-z0-9]{40}"),
  rule("atlassian-token", "an API token of Atlassian", "atatt3", "ATATT3[A-Za-z0-9_=-]{180,200}"),
  rule("age-key", "a private key of age", "age-secret-key-1", "AGE-SECRET-KEY-1[0-9A-Z]{58}", { sensitivity: 1 }),
];
